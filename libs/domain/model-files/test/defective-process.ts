/** Does what the check never should. The name of the first file says what. */
process.on('message', (message: { readonly type: string; readonly files: readonly { readonly name: string }[] }) => {
  const what = message.files[0]?.name;
  if (what === 'exit') process.exit(7);
  if (what === 'throw') process.send?.({ type: 'failed', stack: 'TypeError: x' });
  if (what === 'range') process.send?.({ type: 'read', file: 0, start: 0, end: 2 ** 21 });
  if (what === 'file') process.send?.({ type: 'read', file: 1, start: 0, end: 1 });
  if (what === 'end') process.send?.({ type: 'read', file: 0, start: 0, end: 3 });
});
