// Outbound HTTP: `fetch` of the Fetch standard, answered by the embedder. The engine's own declarations of
// fetch, Request, Response and Headers hold; a program without the fetch capability has no `fetch`.
