/** Says that it runs, then does not end, and does not listen either. */
process.send?.('running', () => {
  for (;;);
});
