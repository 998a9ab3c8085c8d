import type { ServiceDefinition } from "@grpc/grpc-js";
import type { MethodOptions } from "../client-options.ts";

export interface StubOptions<Definition extends ServiceDefinition> {
  /** What is different for some methods, by their names in the definition. */
  readonly methods?: {
    readonly [Name in keyof Definition]?: MethodOptions<RequestOf<Definition[Name]>>;
  };
}

type RequestOf<Method> = Method extends { requestSerialize: (value: infer Request) => Buffer }
  ? Request
  : never;
