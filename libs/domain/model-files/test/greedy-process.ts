/** Uses memory without end: of the heap, or outside of it. The name of the first file says which. */
const kept: unknown[] = [];

process.on('message', (message: { readonly files: readonly { readonly name: string }[] }) => {
  const isOutside = message.files[0]?.name === 'outside';
  setInterval(() => {
    kept.push(isOutside ? Buffer.alloc(32_000_000, 1) : Array.from({ length: 1_000_000 }, (_, at) => ({ at })));
  }, 10);
});
