// What a module knows of itself.

interface ImportMeta {
  /** The module's own address. */
  url: string;
  /** Its path, for a module that has one. */
  filename?: string;
  /** The folder of its path. */
  dirname?: string;
  /** Whether this is the program itself. */
  main: boolean;
  resolve(specifier: string): string;
}
