import { GrpcCallError } from "@grpc-kit/grpc-status";

/**
 * A promise whose GrpcCallError says in its stack who awaits it; the error was made in a callback of
 * grpc-js. V8 finds the frames once there is an error: https://v8.dev/blog/fast-async
 */
export async function withCallerFrames<Value>(promise: Promise<Value>): Promise<Value> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof GrpcCallError) {
      Error.captureStackTrace(error, withCallerFrames);
    }
    throw error;
  }
}
