/** Does not end, and does not listen either. */
for (;;);
