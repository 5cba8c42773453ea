// The other side of child_process.fork: echoes an item, or sends { item, times } back that often.
process.on('message', (item) => {
  if (item.times === undefined) process.send(item);
  else for (let i = 0; i < item.times; i++) process.send(item.item);
});
process.on('disconnect', () => process.exit());
