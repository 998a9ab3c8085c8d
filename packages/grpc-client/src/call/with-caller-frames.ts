import { GrpcCallError } from "@grpc-kit/grpc-status";

// An error may pass through another call, as when requests are read from a stream that fails.
const named = new WeakSet<GrpcCallError>();

/**
 * A promise whose GrpcCallError says in its stack who was the first to await it; the error was made in a
 * callback of grpc-js. V8 finds the frames once there is an error: https://v8.dev/blog/fast-async
 */
export async function withCallerFrames<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof GrpcCallError && !named.has(error)) {
      named.add(error);
      Error.captureStackTrace(error, withCallerFrames);
    }
    throw error;
  }
}
