// Timers (https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html).

declare function setTimeout<A extends unknown[]>(
  callback: (...args: A) => void,
  delayMs?: number,
  ...args: A
): number;
declare function setInterval<A extends unknown[]>(
  callback: (...args: A) => void,
  delayMs?: number,
  ...args: A
): number;
declare function clearTimeout(id?: number): void;
declare function clearInterval(id?: number): void;
declare function setImmediate<A extends unknown[]>(callback: (...args: A) => void, ...args: A): any;
declare function clearImmediate(immediate?: any): void;
