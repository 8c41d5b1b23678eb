/* Calls the kernel with generated arguments, from three threads, behind the real confinement.

   "generated.h" holds the rules of the filter. They are the oracle here: a call that no rule allows, or whose
   arguments break a condition, has to be refused. What an allowed call does is checked from outside.
   Written to the channel: "TOKEN CASES n" now and then, "TOKEN FOUND text" for what should not be. The token is the
   host's: calls write pieces of this program's memory to the channel, too. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ANY_OF, NONE_OF_BITS, NOT_ALL_BITS, NULL_POINTER, OWN_PID };
struct condition { int index, kind, count; unsigned int values[16]; };
struct rule { int number; const char *name; int pretended; int conditions; struct condition condition[4]; };
#include "generated.h"
#define RULE_COUNT ((int)(sizeof rules / sizeof *rules))

enum { THREADS = 3, ARENA = 1 << 20, REPORT_EVERY = 64 };
static _Atomic long cases;
static long limit_cases;
static char *arena;
static const char *paths[] = {
  "/", "", ".", "..", "/engine/deno", "/engine", "/engine/../engine/deno", "/isolatejs", "/isolatejs/guest",
  "/isolatejs/guest/main.js", "/isolatejs/../../../etc/passwd", "/etc/passwd", "/proc/self/exe", "/proc/self/maps",
  "/proc/self/environ", "/proc/self/mem", "/proc/1/root/etc/passwd", "/proc/self/fd/0", "/proc", "/dev", "/dev/null",
  "/dev/urandom", "/dev/mem", "/dev/kmsg", "/dev/shm", "/dev/fd/0", "/private", "/private/1", "/sync-replies",
  "/work", "/work/x", "/cache", "/cache/x", "/tmp", "/tmp/x", "/lib64/ld-linux-x86-64.so.2", "/sys", "/root",
  "//engine//deno", "/engine/deno/", "/sync-replies/", "x", "../x", "/\xff\xfe", "/isolatejs/guest/main.js/..",
};

static unsigned long next(unsigned long *state) {
  unsigned long x = *state;
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return *state = x;
}

static unsigned long masked_token;

static void say(const char *said) {
  char text[600];
  snprintf(text, sizeof text, "%016lx %s", ~masked_token, said);
  const char *at = text;
  for (size_t left = strlen(text); left > 0;) {
    long count = syscall(SYS_write, 1, at, left);
    if (count <= 0) _exit(4);  /* the channel was closed by a call: nobody hears us any more */
    at += count, left -= count;
  }
}

static int holds(const struct rule *rule, const long *a, int pid) {
  for (int i = 0; i < rule->conditions; i++) {
    const struct condition *c = &rule->condition[i];
    unsigned int low = (unsigned int)a[c->index];
    int good = 0;
    if (c->kind == NULL_POINTER) good = a[c->index] == 0;
    else if (c->kind == OWN_PID) good = low == (unsigned int)pid;
    else if (c->kind == NONE_OF_BITS) good = (low & c->values[0]) == 0;
    else if (c->kind == NOT_ALL_BITS) good = (low & c->values[0]) != c->values[0];
    else for (int j = 0; j < c->count; j++) good |= low == c->values[j];
    if (!good) return 0;
  }
  return 1;
}

/* A call may have several rules: one that holds is enough. */
static const struct rule *which_holds(const struct rule *any, const long *a, int pid) {
  for (int i = 0; any && i < RULE_COUNT; i++)
    if (rules[i].number == any->number && holds(&rules[i], a, pid)) return &rules[i];
  return NULL;
}

static long generate(unsigned long *state) {
  static const long edges[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 63, 64, 127, 128, 255, 256, 257, 1000, 1001, 1024,
    4095, 4096, 4097, 65535, 65536, 0x7fffffff, 0x80000000l, 0xffffffffl, 0x100000000l, -1, -2, -100, -4096,
    0x7fffffffffffffffl, (long)0x8000000000000000ul, 0x7ffffffff000l, (long)0xffffffffff600000ul, 0x1000};
  unsigned long kind = next(state) % 100;
  if (kind < 25) return edges[next(state) % (sizeof edges / sizeof *edges)];
  if (kind < 45) return (long)(arena + next(state) % ARENA);
  if (kind < 55) return (long)(arena + (next(state) % (ARENA / 4096)) * 4096);
  if (kind < 63) return (long)paths[next(state) % (sizeof paths / sizeof *paths)];
  if (kind < 83) return next(state) % 40;  /* descriptors, small flags */
  if (kind < 90) return 1l << next(state) % 64;
  if (kind < 95) return (1l << next(state) % 32) | (1l << next(state) % 32) | (1l << next(state) % 32);
  return next(state);
}

static long from_condition(const struct condition *c, int pid, unsigned long *state) {
  long value = 0;
  if (c->kind == OWN_PID) value = pid;
  else if (c->kind == ANY_OF) value = c->values[next(state) % c->count];
  else if (c->kind != NULL_POINTER) value = (long)(next(state) & ~(unsigned long)c->values[0] & 0xffff);
  unsigned long twist = next(state) % 20;
  if (twist == 0) value ^= 1l << next(state) % 32;
  if (twist == 1) value |= (next(state) % 7 + 1) << 32;  /* the high half, which the kernel may or may not read */
  return value;
}

/* Calls that would only end the run, or leave a thread waiting for ever: seldom, or with other arguments. */
static int tame(int number, long *a, unsigned long *state) {
  switch (number) {
    case SYS_exit: case SYS_exit_group: case SYS_rt_sigreturn:
      return next(state) % 4000 == 0;
    case SYS_munmap: case SYS_mremap: case SYS_mprotect: case SYS_madvise: case SYS_brk: case SYS_pkey_mprotect:
      if (next(state) % 1000) a[0] = (long)(arena + (next(state) % (ARENA / 4096)) * 4096), a[1] %= ARENA;
      if (number == SYS_mremap) a[3] &= ~2l;
      return number != SYS_brk || next(state) % 50 == 0;
    case SYS_mmap:
      if (a[3] & 0x10) a[0] = (long)(arena + (next(state) % (ARENA / 4096)) * 4096), a[1] %= ARENA / 4;
      if (next(state) % 200) a[1] = a[1] & 0xffffff;
      return 1;
    case SYS_close: case SYS_fcntl:
      if ((a[0] & 0xffffffff) == 1) a[0] = 5;
      return 1;
    case SYS_kill: case SYS_tgkill: {
      long signal = number == SYS_kill ? a[1] : a[2];
      return (int)signal != SIGSTOP && (int)signal != SIGKILL ? 1 : next(state) % 2000 == 0;
    }
    case SYS_read: case SYS_readv: case SYS_recvfrom:
      return (a[0] & 0xffffffff) > 2;
    case SYS_write: case SYS_writev: case SYS_sendto:
      return (a[0] & 0xffffffff) != 1;
    case SYS_nanosleep: case SYS_clock_nanosleep: case SYS_futex: case SYS_epoll_wait: case SYS_epoll_pwait:
    case SYS_poll: case SYS_ppoll:
      return next(state) % 8 == 0;
    case SYS_rt_sigprocmask:
      return next(state) % 20 == 0;
    case SYS_arch_prctl:
      return next(state) % 4000 == 0;
    case SYS_set_tid_address: case SYS_rt_sigaction: case SYS_sigaltstack: case SYS_rseq:
    case SYS_set_robust_list:
      return next(state) % 50 == 0;
  }
  return 1;
}

static void check_open(long file, long flags) {
  struct stat status;
  if (syscall(SYS_fstat, file, &status) != 0) return;
  int special = S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && !(flags & O_PATH) && !special) {
    if ((flags & 3) || (flags & O_TRUNC)) say("FOUND a regular file was opened for writing\n");
  }
  if (S_ISDIR(status.st_mode) && !(flags & O_PATH)) say("FOUND a directory was opened for reading\n");
  if (S_ISFIFO(status.st_mode) && (flags & 3) && !(flags & O_PATH)) say("FOUND the FIFO was opened for writing\n");
}

static void one(unsigned long *state, int pid) {
  long a[6];
  char text[500];
  for (int i = 0; i < 6; i++) a[i] = generate(state);
  const struct rule *rule = NULL;
  long number;
  if (next(state) % 8 == 0) {
    number = next(state) % 4 ? next(state) % 600 : (long)next(state);
    if (number == 335 || number == 336) return;  /* the kernel passes these by the filter */
    if (next(state) % 16 == 0) number |= 0x40000000;
    for (int i = 0; i < RULE_COUNT; i++) if (rules[i].number == (int)number) rule = &rules[i];
  } else {
    rule = &rules[next(state) % RULE_COUNT];
    number = rule->number;
    if (next(state) % 8)
      for (int i = 0; i < rule->conditions; i++)
        a[rule->condition[i].index] = from_condition(&rule->condition[i], pid, state);
  }
  if (rule && number == SYS_openat && next(state) % 2) a[0] = AT_FDCWD;
  if (rule && number == SYS_openat && next(state) % 4) a[1] = (long)paths[next(state) % (sizeof paths / sizeof *paths)];
  if (rule && number == SYS_openat) a[2] |= next(state) % 20 ? O_NONBLOCK : 0;
  if (number == SYS_execveat && next(state) % 4) {
    a[1] = (long)paths[next(state) % (sizeof paths / sizeof *paths)];
    a[2] = a[3] = 0;
  }
  if (rule && !tame(number, a, state)) return;
  const struct rule *allowed = which_holds(rule, a, pid);
  if (allowed && number == SYS_clone) return;  /* a thread on a stack that is none: only ends the run */
  snprintf(text, sizeof text, "FOUND %s %ld(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)", rule ? rule->name : "call", number,
           a[0], a[1], a[2], a[3], a[4], a[5]);
  long result;
  register long r10 __asm__("r10") = a[3];
  register long r8 __asm__("r8") = a[4];
  register long r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  if (allowed && allowed->pretended && result != 0) say("FOUND a call that should be pretended was made\n");
  if (!allowed && result != -EPERM && result != -ENOSYS) {
    char more[64];
    snprintf(more, sizeof more, " was not refused: %ld\n", result);
    strncat(text, more, sizeof text - strlen(text) - 1);
    say(text);
  }
  if (allowed && number == SYS_openat && result >= 0) check_open(result, a[2]);
  if (allowed && result >= 0 && next(state) % 3)
    if (number == SYS_openat || number == SYS_eventfd2 || number == SYS_epoll_create1 ||
        (number == SYS_fcntl && ((int)a[1] == 0 || (int)a[1] == 1030)))
      syscall(SYS_close, result);
  if (++cases % REPORT_EVERY == 0) {
    snprintf(text, sizeof text, "CASES %ld\n", cases);
    say(text);
  }
}

static void *run(void *given) {
  unsigned long state = (unsigned long)given;
  int pid = syscall(SYS_getpid);
  while (cases < limit_cases) one(&state, pid);
  return NULL;
}

static void nothing(int signal) {}

int main(int count, char **arguments) {
  if (count == 0 || !arguments[0][0] || !strncmp(arguments[0], "again", 5)) {  /* not as the launcher starts it */
    static const unsigned char masked[] = {'F' ^ 85, 'U' ^ 85, 'Z' ^ 85, 'Z' ^ 85, '-' ^ 85, 'E' ^ 85, 'X' ^ 85, 'E' ^ 85, 'C' ^ 85};
    char word[sizeof masked];
    for (size_t i = 0; i < sizeof masked; i++) word[i] = masked[i] ^ 85;
    syscall(SYS_write, 1, word, sizeof word);
    return 0;
  }
  char line[128];
  unsigned long seed = 1, token = 0, length = 0;
  while (length < sizeof line - 1 && read(0, line + length, 1) == 1 && line[length] != '\n') length++;
  line[length] = 0;
  if (sscanf(line, "fuzz %lu %ld %lx", &seed, &limit_cases, &token) != 3) return 0;
  masked_token = ~token, token = 0;
  memset(line, 0, sizeof line);
  arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < ARENA / 8; i++) ((unsigned long *)arena)[i] = next(&seed) % 64;
  for (int signal = 1; signal < 65; signal++) sigaction(signal, &(struct sigaction){.sa_handler = nothing}, NULL);
  for (int signal = 4; signal < 12; signal++)
    if (signal != SIGUSR1) sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  pthread_t id[THREADS];
  for (long i = 0; i < THREADS; i++) pthread_create(&id[i], NULL, run, (void *)(next(&seed) | 1));
  /* Whoever waits is woken; who cannot be woken is left behind. */
  long seen = -1;
  for (int still = 0; cases < limit_cases && still < 40; still++) {
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    if (cases != seen) still = 0;
    seen = cases;
    for (int i = 0; i < THREADS; i++) pthread_kill(id[i], SIGUSR1);
  }
  char text[64];
  snprintf(text, sizeof text, "CASES %ld\n", cases);
  say(text);
  _exit(0);
}
