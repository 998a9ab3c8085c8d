import type { ServerTraits } from "../src/caller.ts";
import { goProgram, hasGo } from "../src/go-peer.ts";
import { type Command, findPython, pythonScript } from "../src/peers.ts";

export interface ForeignPeer {
  readonly name: string;
  /** Undefined if it cannot run here. */
  readonly program: ((name: "client" | "server") => Promise<Command>) | undefined;
  /** The packages of Debian and Ubuntu that it takes. */
  readonly packages: string;
  readonly traits: ServerTraits;
}

const python = findPython();

export const foreignPeers: readonly ForeignPeer[] = [
  {
    name: "Python",
    program: python === undefined ? undefined : async (name) => pythonScript(python, name),
    packages: "python3-grpcio python3-protobuf",
    // gRPC's C core shows nobody what was compressed.
    traits: { seesCompression: false, compresses: true },
  },
  {
    name: "Go",
    program: hasGo() ? goProgram : undefined,
    packages: "golang-go golang-google-grpc-dev",
    // grpc-go answers as it is asked: compressed if the request is.
    traits: { seesCompression: false, compresses: false },
  },
];

/** For a group's beforeAll: Go's programs take half a minute to be built. */
export const buildTimeoutMs = 300_000;
