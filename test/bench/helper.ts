/** The other side of `bench.helper`: says that it is ready, answers each message with one, and ends with the bench. */
export function serveBench<Asked>(ready: object, answer: (asked: Asked) => Promise<object>): void {
  process.on('message', (asked: Asked) => {
    answer(asked).then(
      (said) => process.send!(said),
      (error: Error) => process.send!({ error: error.stack }),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send!(ready);
}
