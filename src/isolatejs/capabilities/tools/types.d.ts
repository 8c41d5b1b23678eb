// Tools are functions of the embedder. Each is a global function, each group a global object of functions;
// their own declarations are generated from the Python signatures.
