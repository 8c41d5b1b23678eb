/* Machine code in the engine's place. Reads "NAME ARGUMENTS...\n" from its channel, runs that attack, answers
   with one line. An attack that uses resources up goes on until something stops it. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define MIB (1ul << 20)
#define PAGE 4096ul

static char line[4096];
static int words;
static char *word[16];

static void answer(const char *format, ...) {
  char text[2048];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text - 2, format, list);
  va_end(list);
  strcat(text, "\n");
  const char *at = text;
  for (size_t left = strlen(text); left > 0;) {
    ssize_t count = write(1, at, left);
    if (count <= 0) _exit(3);
    at += count;
    left -= count;
  }
}

static const char *result(long value) {
  static char text[64];
  if (value >= 0) snprintf(text, sizeof text, "%ld", value);
  else snprintf(text, sizeof text, "%s", strerrorname_np(errno));
  return text;
}

static long number(int index, long standard) {
  return words > index ? strtol(word[index], NULL, 0) : standard;
}

static void wait_ms(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void *new_pages(size_t size) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* ---- memory ---- */

/* Fills pages and takes the right to write away: the kernel's data limit forgets them. */
static void *fill_and_protect(void *argument) {
  long protection = (long)argument;
  for (;;) {
    char *pages = new_pages(4 * MIB);
    if (pages == MAP_FAILED) continue;
    memset(pages, 1, 4 * MIB);
    mprotect(pages, 4 * MIB, protection);
  }
  return NULL;
}

static void bomb_protected(void) {
  wait_ms(number(2, 0));
  for (long thread = 1; thread < number(3, 1); thread++) {
    pthread_t id;
    pthread_create(&id, NULL, fill_and_protect, (void *)number(1, PROT_READ));
  }
  fill_and_protect((void *)number(1, PROT_READ));
}

/* The same while the leader of the threads is a zombie, whose statm reads zeros. */
static void bomb_without_leader(void) {
  pthread_t id;
  pthread_create(&id, NULL, fill_and_protect, (void *)PROT_READ);
  syscall(SYS_exit, 60);
}

/* Only that: the threads go on, harmless. */
static void *sleep_for_ever(void *argument) {
  for (;;) wait_ms(1000);
  return NULL;
}

static void leader_exits(void) {
  pthread_t id;
  pthread_create(&id, NULL, sleep_for_ever, NULL);
  answer("exiting");
  syscall(SYS_exit, 60);
}

static void *turn(void *argument) {
  for (volatile long i = 0;; i++);
  return NULL;
}

static void leader_exits_and_spins(void) {
  pthread_t id;
  pthread_create(&id, NULL, turn, NULL);
  syscall(SYS_exit, 60);
}

/* One byte read of every 2 MB: a page of page tables each, and no memory of its own. */
static void bomb_page_tables(void) {
  size_t size = number(1, 16) << 30;
  wait_ms(number(2, 0));
  for (;;) {
    volatile char *pages = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) {
      size /= 2;
      if (size < 2 * MIB) {
        answer("refused");
        return;
      }
      continue;
    }
    for (size_t offset = 0; offset < size; offset += 2 * MIB) (void)pages[offset];
  }
}

/* A page every gigabyte: each costs two pages of page tables, and next to no address space. */
static void bomb_scattered(void) {
  long mapped = 0;
  for (unsigned long address = 1ul << 33; address < 1ul << 46; address += 1ul << 30) {
    volatile char *page = mmap((void *)address, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) continue;
    (void)page[0];
    mapped++;
  }
  answer("mapped %ld", mapped);
}

/* Mappings that grow downwards count as stacks, not as data. */
static void bomb_growing_down(void) {
  for (;;) {
    char *pages = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
    if (pages == MAP_FAILED) {
      answer("refused %s", result(-1));
      return;
    }
    memset(pages, 1, 4 * MIB);
  }
}

static volatile char sink;
static void recurse(long depth) {
  volatile char frame[32768];
  for (size_t offset = 0; offset < sizeof frame; offset += PAGE) frame[offset] = 1;
  sink = frame[0];
  recurse(depth + 1);
  sink = frame[1];
}
static void bomb_stack(void) { recurse(0); }

/* Private pages of a file that is mapped already: written once, then protected. */
static void bomb_private_file(void) {
  int file = open("/engine/deno", O_RDONLY);
  struct stat status;
  fstat(file, &status);
  if (file < 0) {
    answer("refused %s", result(-1));
    return;
  }
  for (;;) {
    volatile char *pages = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (pages == MAP_FAILED) continue;
    for (off_t offset = 0; offset < status.st_size; offset += PAGE) pages[offset] = 1;
    mprotect((void *)pages, status.st_size, PROT_READ);
  }
}

static void advise(void) {
  char *pages = new_pages(8 * MIB);
  answer("%s", result(madvise(pages, 8 * MIB, number(1, 0))));
}

static void map(void) {
  void *pages = mmap(NULL, 2 * MIB, number(1, 3), number(2, 0x22), -1, 0);
  answer("%s", pages == MAP_FAILED ? result(-1) : "0");
}

/* ---- kernel memory by descriptors ---- */

static void fill_sockets(void) {
  static char data[65536];
  long kind = number(1, SOCK_STREAM), total = 0, pairs = 0;
  for (;;) {
    int pair[2];
    if (socketpair(AF_UNIX, kind | SOCK_NONBLOCK, 0, pair) != 0) break;
    pairs++;
    for (int side = 0; side < 2; side++)
      for (size_t size = sizeof data; size > 0;) {
        ssize_t count = sendto(pair[side], data, size, MSG_NOSIGNAL, NULL, 0);
        if (count < 0) size /= 2;
        else total += count;
      }
  }
  answer("%ld pairs %ld bytes", pairs, total);
}

/* An entry of an epoll stays when its number is closed and the file is open under another one. */
static void fill_epolls(void) {
  enum { SETS = 256, FILES = 256 };
  int sets[SETS], files[FILES], all[256], room = 0;
  long added = 0;
  while (room < 256 && (all[room] = eventfd(0, 0)) >= 0) room++;
  int third = room / 3, lowest = all[2 * third];
  for (int i = 0; i < room; i++) close(all[i]);
  for (int i = 0; i < third; i++) sets[i] = epoll_create1(0);
  for (int i = 0; i < third; i++) files[i] = eventfd(0, 0);
  for (int file = 0; file < third; file++)
    for (int wanted = lowest; wanted < 1024; wanted++) {
      int copy = fcntl(files[file], F_DUPFD, wanted);
      if (copy < 0) break;
      for (int set = 0; set < third; set++) {
        struct epoll_event event = {EPOLLIN, {0}};
        if (epoll_ctl(sets[set], EPOLL_CTL_ADD, copy, &event) == 0) added++;
      }
      close(copy);
    }
  answer("%ld entries", added);
}

static void open_fifo(void) {
  long opened = 0;
  while (open("/sync-replies", O_RDONLY | O_NONBLOCK) >= 0) opened++;
  int writing = open("/sync-replies", O_WRONLY | O_NONBLOCK);
  answer("%ld opened, writing %s", opened, result(writing));
}

/* ---- threads ---- */

static void *idle(void *argument) {
  for (;;) syscall(SYS_futex, argument, 0, *(int *)argument, NULL, NULL, 0);
  return NULL;
}

static void bomb_threads(void) {
  static int word;
  long started = 0, refused = 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 16384);
  while (started < number(1, 4000) && refused < 100) {
    pthread_t id;
    if (pthread_create(&id, &attributes, idle, &word) == 0) started++;
    else refused++, wait_ms(1);
  }
  answer("%ld started", started);
}

/* A list of robust locks that never ends; the kernel walks it at the end of a thread. */
struct robust { struct robust *next; long pad[3]; };
static void *robust_end(void *argument) {
  static struct robust ring[2];
  static struct { struct robust *first; long offset; struct robust *pending; } head;
  ring[0].next = &ring[1];
  ring[1].next = &ring[0];
  head.first = &ring[0];
  syscall(SYS_set_robust_list, &head, sizeof head);
  return NULL;
}

static void robust_list(void) {
  for (long i = 0; i < number(1, 50); i++) {
    pthread_t id;
    if (pthread_create(&id, NULL, robust_end, NULL) == 0) pthread_join(id, NULL);
  }
  answer("ended");
}

/* ---- signals ---- */

static void flood_signals(void) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  long queued = 0, pid = syscall(SYS_getpid), thread = syscall(SYS_gettid);
  for (long i = 0; i < number(1, 200000); i++) {
    if (syscall(SYS_tgkill, pid, thread, 40) != 0) break;
    queued++;
  }
  answer("%ld queued, then %s", queued, result(-1));
}

static void on_trap(int signal, siginfo_t *info, void *context) {
  answer("handled %d at %p", signal, info->si_addr);
  _exit(0);
}

/* What V8 needs of signals: a fault is delivered with its address. */
static void trap(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  char *page = mmap((void *)0x770000000000, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *(volatile char *)page = 1;
}

static void stop_itself(void) {
  answer("stopping");
  kill(getpid(), SIGSTOP);
  answer("continued");
}

/* ---- locks ---- */

static void lock(void) {
  struct flock region = {.l_type = number(3, F_RDLCK), .l_start = number(4, 0), .l_len = number(5, 1)};
  int file = open(word[2], O_RDONLY);
  if (file < 0) {
    answer("open %s", result(file));
    return;
  }
  int operation = !strcmp(word[1], "get") ? F_GETLK : !strcmp(word[1], "wait") ? F_SETLKW
                : !strcmp(word[1], "ofd") ? F_OFD_SETLK : F_SETLK;
  int status = fcntl(file, operation, &region);
  if (status < 0) answer("%s", result(status));
  else answer("0 %s", region.l_type == F_UNLCK ? "free" : "taken");
}

/* ---- executing again ---- */

static void execute(void) {
  char *argv[] = {"again", NULL}, *environment[] = {"AGAIN=1", NULL};
  const char *path = !strcmp(word[2], "EMPTY") ? "" : !strcmp(word[2], "NULL") ? NULL : word[2];
  syscall(SYS_execveat, number(1, 1000), path, argv, environment, number(3, AT_EMPTY_PATH));
  answer("%s", result(-1));
}

/* Gives the engine's own file the number that the rule names, if anything can. */
static void make_descriptor(void) {
  int file = open(word[2], O_PATH);
  if (file < 0) file = open(word[2], O_RDONLY);
  long copy = fcntl(file, F_DUPFD, number(1, 1000));
  answer("%s", result(copy));
}

/* ---- anything else ---- */

static void call(void) {
  long a[6] = {0};
  for (int i = 0; i < 6; i++) a[i] = number(2 + i, 0);
  answer("%s", result(syscall(number(1, 0), a[0], a[1], a[2], a[3], a[4], a[5])));
}

static void call_with_buffer(void) {  /* the argument "@" is a buffer, "@PATH" a text */
  static char buffer[8192];
  long a[6] = {0};
  for (int i = 0; i < 6; i++) {
    const char *given = words > 2 + i ? word[2 + i] : "0";
    a[i] = *given != '@' ? strtol(given, NULL, 0) : given[1] ? (long)(given + 1) : (long)buffer;
  }
  answer("%s", result(syscall(number(1, 0), a[0], a[1], a[2], a[3], a[4], a[5])));
}

static void read_link(void) {
  char text[1024];
  ssize_t count = readlink(word[1], text, sizeof text - 1);
  if (count >= 0) text[count] = 0;
  answer("%s", count < 0 ? result(count) : text);
}

static void examine(void) {
  struct stat status;
  long found = stat(word[1], &status);
  if (found < 0) answer("%s", result(found));
  else answer("%o", status.st_mode);
}

static void open_path(void) {
  int file = open(word[1], number(2, O_RDONLY) | O_NONBLOCK, 0600);
  answer("%s", result(file));
  if (file >= 0) close(file);
}

static void host_name(void) {
  struct utsname names;
  answer("%s", uname(&names) == 0 ? names.nodename : result(-1));
}

static void take_descriptors(void) {
  long taken = 0;
  while (eventfd(0, 0) >= 0) taken++;
  answer("%ld", taken);
}

static void hello(void) { answer("hello"); }
static void leave(void) { syscall(SYS_exit_group, number(1, 0)); }
static void spin(void) { for (;;) sink++; }

static const struct { const char *name; void (*run)(void); } attacks[] = {
  {"hello", hello}, {"exit", leave}, {"spin", spin},
  {"bomb-protected", bomb_protected}, {"bomb-without-leader", bomb_without_leader},
  {"leader-exits", leader_exits}, {"leader-exits-and-spins", leader_exits_and_spins}, {"bomb-page-tables", bomb_page_tables},
  {"bomb-scattered", bomb_scattered}, {"bomb-growing-down", bomb_growing_down}, {"bomb-stack", bomb_stack},
  {"bomb-private-file", bomb_private_file}, {"madvise", advise}, {"mmap", map},
  {"fill-sockets", fill_sockets}, {"fill-epolls", fill_epolls}, {"open-fifo", open_fifo},
  {"bomb-threads", bomb_threads}, {"robust-list", robust_list}, {"flood-signals", flood_signals},
  {"trap", trap}, {"stop", stop_itself}, {"lock", lock}, {"exec", execute},
  {"make-descriptor", make_descriptor}, {"call", call}, {"callb", call_with_buffer},
  {"readlink", read_link}, {"stat", examine}, {"open", open_path}, {"hostname", host_name},
  {"descriptors", take_descriptors},
};

int main(int count, char **arguments) {
  if (count > 0 && !strcmp(arguments[0], "again")) {
    answer("executed again");
    return 9;
  }
  if (count > 1 && !strcmp(arguments[1], "stay")) sleep_for_ever(NULL);
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    size_t length = 0;
    while (length < sizeof line - 1) {
      if (read(0, line + length, 1) != 1) return 0;
      if (line[length] == '\n') break;
      length++;
    }
    line[length] = 0;
    words = 0;
    for (char *part = strtok(line, " "); part && words < 16; part = strtok(NULL, " ")) word[words++] = part;
    if (!words) continue;
    int known = 0;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
      if (!strcmp(attacks[i].name, word[0])) attacks[i].run(), known = 1;
    if (!known) answer("unknown");
  }
}
