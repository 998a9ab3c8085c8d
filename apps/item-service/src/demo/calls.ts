import type { ClientReadableStream, ServiceError, StatusObject } from "@grpc/grpc-js";

type Callback<Reply> = (error: ServiceError | null, reply?: Reply) => void;

/** The single answer of a call, and how long it took. */
export interface Answer<Reply> {
  readonly reply: Reply;
  readonly ms: number;
}

/** Makes a call that has one answer. Rejects with the call's status if it fails. */
export async function one<Reply>(
  call: (callback: Callback<Reply>) => unknown,
): Promise<Answer<Reply>> {
  const startMs = performance.now();
  const reply = await new Promise<Reply>((resolve, reject) => {
    call((error, answer) => (answer === undefined ? reject(error) : resolve(answer)));
  });
  return { reply, ms: performance.now() - startMs };
}

/** The answers of a stream and the trailing metadata behind them. */
export interface Answers<Reply> {
  readonly replies: readonly Reply[];
  readonly trailers: StatusObject["metadata"];
  readonly ms: number;
}

/** Reads a stream to its end. Rejects with the call's status if it fails. */
export async function all<Reply>(stream: ClientReadableStream<Reply>): Promise<Answers<Reply>> {
  const startMs = performance.now();
  const ended = new Promise<StatusObject>((resolve) => stream.once("status", resolve));
  const replies: Reply[] = [];
  for await (const reply of stream) {
    replies.push(reply);
  }
  const { metadata } = await ended;
  return { replies, trailers: metadata, ms: performance.now() - startMs };
}
