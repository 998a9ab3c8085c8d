/** grpc-server with its defaults. */
import { serveGrpcServer } from "./serve-grpc-server.ts";

await serveGrpcServer();
