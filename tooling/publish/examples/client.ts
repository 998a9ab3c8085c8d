import { status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import { StockServiceService } from "@grpc-kit/generated-protos/examples/stock";
import { createClientFactory } from "@grpc-kit/grpc-client";
import { isGrpcCallError } from "@grpc-kit/grpc-status";

// Once for the process. The descriptors say which methods may be sent twice.
const clients = createClientFactory({ descriptorSets: [fileDescriptorSet()] });
const channel = clients.createChannel("127.0.0.1:50051", { credentials: "insecure" });
const stock = clients.createStub(StockServiceService, channel);

const { quantity } = await stock.getStock({ sku: "lamp-1" }, { timeoutMs: 2_000 });
console.log(`${quantity} lamps`);
try {
  await stock.getStock({ sku: "chair-1" }, { timeoutMs: 2_000 });
} catch (error) {
  if (!isGrpcCallError(error) || error.code !== status.NOT_FOUND) {
    throw error;
  }
  console.log(error.details);
}
await clients.close();
