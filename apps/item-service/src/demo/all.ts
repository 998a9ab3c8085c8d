/** The messages of a stream, read to its end. */
export async function all<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of stream) {
    messages.push(message);
  }
  return messages;
}
