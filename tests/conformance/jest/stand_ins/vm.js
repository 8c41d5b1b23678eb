// Stands in for Node's `vm`, which a sandbox has not: there is one realm, and code runs in it.
export const Context = undefined; // a type
export const createContext = () => ({});
export const runInContext = (code) => (0, eval)(code);
export const runInNewContext = runInContext;
