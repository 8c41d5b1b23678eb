// A guest without a kernel: evaluates what it is sent, with all of `Deno` in reach, and answers with the
// result. Stands for a program that has taken the kernel over.
// @ts-check
const input = new Uint8Array(1 << 20);
for (;;) {
  const count = await Deno.stdin.read(input);
  if (count === null) break;
  let answer;
  try {
    answer = String(await (0, eval)(new TextDecoder().decode(input.subarray(0, count))));
  } catch (error) {
    answer = `threw ${error}`;
  }
  Deno.stdout.writeSync(new TextEncoder().encode(`${answer}\n`));
}
