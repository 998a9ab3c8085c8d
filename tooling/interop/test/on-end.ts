import { certificateMaker } from "@grpc-kit/testing/certificates";
import { afterAll } from "vitest";
import { writeDescriptors } from "../src/peers.ts";

export type OnEnd = (undo: () => unknown) => void;

/** Gives a function whose arguments are called after the last test of the group, the latest first. */
export function undoAfterAll(): OnEnd {
  const undos: (() => unknown)[] = [];
  afterAll(async () => {
    for (const undo of undos.reverse()) {
      await undo();
    }
  });
  return (undo) => undos.push(undo);
}

export interface Tls {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate for 127.0.0.1, signed by itself, if the transport is TLS. */
export function tlsOf(transport: string, onEnd: OnEnd): Tls | undefined {
  if (transport !== "TLS") {
    return undefined;
  }
  const maker = certificateMaker();
  onEnd(() => maker.close());
  return maker.certificate("interop");
}

/** The path of a file with the descriptors that foreign peers make their messages of. */
export function descriptorFile(onEnd: OnEnd): string {
  const { path, remove } = writeDescriptors();
  onEnd(remove);
  return path;
}
