import { inspect } from "node:util";
import { status } from "@grpc/grpc-js";
import { fileDescriptorSet } from "@grpc-kit/generated-protos/descriptors";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService,
} from "@grpc-kit/generated-protos/grpc/reflection/v1";
import { ServerReflectionService as ServerReflectionV1AlphaService } from "@grpc-kit/generated-protos/grpc/reflection/v1alpha";
import { StatusError } from "@grpc-kit/grpc-status";
import type { GrpcServer } from "../create-server.ts";
import { createDescriptorIndex, type DescriptorIndex } from "./descriptor-index.ts";
import { type FileDescriptor, readFileDescriptorSet } from "./file-descriptor.ts";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

export interface ReflectionOptions {
  /**
   * Serialised `google.protobuf.FileDescriptorSet`s with all imports, as `buf build -o set.binpb`
   * writes them. They are sent as they are, so do not write to them. Those of reflection itself and
   * of `grpc.health.v1` need not be among them.
   */
  readonly descriptorSets: readonly Uint8Array[];
}

/**
 * Lets callers ask `server` for its services and their schema, with `grpc.reflection.v1` and
 * `v1alpha`: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 *
 * The server's interceptors see these calls as any others. Throws a TypeError if `descriptorSets`
 * are none, contradict each other or lack an import.
 */
export function addReflection(
  server: GrpcServer,
  { descriptorSets }: ReflectionOptions,
): GrpcServer {
  const index = createDescriptorIndex([...descriptorSets.flatMap(readSet), ...ownFiles()]);

  async function* serverReflectionInfo(
    requests: AsyncIterable<ServerReflectionRequest>,
  ): AsyncGenerator<ServerReflectionResponse> {
    const sent = new Set<FileDescriptor>();
    for await (const request of requests) {
      yield {
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request.messageRequest, { server, index, sent }),
      };
    }
  }

  return server
    .addService(ServerReflectionService, { serverReflectionInfo })
    .addService(ServerReflectionV1AlphaService, { serverReflectionInfo });
}

interface Stream {
  readonly server: GrpcServer;
  readonly index: DescriptorIndex;
  /** What the caller has been sent already. */
  readonly sent: Set<FileDescriptor>;
}

function answer(
  request: ServerReflectionRequest["messageRequest"],
  { server, index, sent }: Stream,
): Answer {
  switch (request?.$case) {
    case "fileByFilename":
      return filesOrError(index.file(request.value), "file");
    case "fileContainingSymbol":
      return filesOrError(index.fileOfSymbol(request.value), "symbol");
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = request.value;
      return filesOrError(index.fileOfExtension(containingType, extensionNumber), "extension");
    }
    case "allExtensionNumbersOfType": {
      const numbers = index.extensionNumbers(request.value);
      if (numbers === undefined) {
        return notFound("type");
      }
      const value = { baseTypeName: request.value, extensionNumber: [...numbers] };
      return { $case: "allExtensionNumbersResponse", value };
    }
    case "listServices": {
      const service = server.services.map((name) => ({ name }));
      return { $case: "listServicesResponse", value: { service } };
    }
    case undefined:
      throw new StatusError(status.INVALID_ARGUMENT, "message_request must be set to a known one");
  }

  function filesOrError(file: FileDescriptor | undefined, what: string): Answer {
    if (file === undefined) {
      return notFound(what);
    }
    // The file itself is sent again if need be, or the caller had an answer with nothing in it.
    const unsent = index.withImports(file).filter((other) => other === file || !sent.has(other));
    for (const other of unsent) {
      sent.add(other);
    }
    const value = { fileDescriptorProto: unsent.map(({ bytes }) => bytes) };
    return { $case: "fileDescriptorResponse", value };
  }
}

// Without what was asked for, which is in the response anyhow and may be long.
function notFound(what: string): Answer {
  const value = { errorCode: status.NOT_FOUND, errorMessage: `${what} not found` };
  return { $case: "errorResponse", value };
}

function readSet(set: Uint8Array, position: number): readonly FileDescriptor[] {
  try {
    return readFileDescriptorSet(set);
  } catch (cause) {
    const got = `${inspect(set, { maxArrayLength: 4 })} at ${position}`;
    throw new TypeError(`descriptorSets must be serialised FileDescriptorSets, got ${got}`, {
      cause,
    });
  }
}

// Clients such as buf curl look up each service that is listed, and so this one.
function ownFiles(): readonly FileDescriptor[] {
  return readFileDescriptorSet(fileDescriptorSet()).filter(({ name }) => name.startsWith("grpc/"));
}
