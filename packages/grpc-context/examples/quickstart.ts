import { Metadata } from "@grpc/grpc-js";
import { callValues, currentCall, requestIdKey, runInCall } from "@grpc-kit/grpc-context";

// What a server does for each call; grpc-server does it for you.
const metadata = new Metadata();
const values = callValues(metadata);
const call = {
  path: "/shop.Orders/PlaceOrder",
  metadata,
  deadline: Date.now() + 1_000,
  signal: AbortSignal.timeout(1_000),
  get: values.get.bind(values),
  set: values.set.bind(values),
};

// What an interceptor does.
callValues(metadata).set(requestIdKey, "r-1");

// What any code does that the call leads to, however deep.
async function deepInside(): Promise<void> {
  await Promise.resolve();
  console.log(currentCall()?.path, currentCall()?.get(requestIdKey));
}

await runInCall(call, deepInside);
console.log(currentCall());
