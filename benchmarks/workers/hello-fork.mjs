// Says one word and ends.
process.send(1, () => process.disconnect());
