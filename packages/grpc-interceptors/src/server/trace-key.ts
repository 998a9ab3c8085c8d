export { type TraceIds, traceKey } from "@grpc-kit/grpc-context";
