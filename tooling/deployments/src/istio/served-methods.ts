import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { ServerReflectionService } from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { ServerReflectionService as ServerReflectionV1AlphaService } from "@grpc-kit/generated-protos/grpc/reflection/v1alpha";

export interface ServedMethod {
  /** Such as "/examples.ItemService/GetItem". */
  readonly path: string;
  /** Whether it streams in either direction. */
  readonly streams: boolean;
}

type Definition = Readonly<
  Record<string, { path: string; requestStream: boolean; responseStream: boolean }>
>;

/** The methods of the contract. */
export const itemMethods: readonly ServedMethod[] = methodsOf(ItemServiceService);

/** All methods that item-service may serve. */
export const servedMethods: readonly ServedMethod[] = [
  ...itemMethods,
  ...methodsOf(HealthService),
  ...methodsOf(HealthReportServiceService),
  ...methodsOf(ServerReflectionService),
  ...methodsOf(ServerReflectionV1AlphaService),
];

function methodsOf(definition: Definition): readonly ServedMethod[] {
  return Object.values(definition).map(({ path, requestStream, responseStream }) => ({
    path,
    streams: requestStream || responseStream,
  }));
}
