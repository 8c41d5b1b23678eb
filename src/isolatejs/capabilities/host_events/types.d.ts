// Named events between the program and its embedder.

/** Calls `handler` for each event of this name that the embedder emits; the result removes it again. */
declare function on(name: string, handler: (payload: any) => void): () => void;

/** Sends an event to the embedder. It is a note: nothing comes back. */
declare function emit(name: string, payload?: unknown): void;
