import type { Admission, AdmissionRefusal, Entrant } from "./admission.ts";
import type { CallRefusal } from "./call-refusals.ts";
import type { OpenStream } from "./open-stream.ts";
import type { Route } from "./route.ts";

/** What lets the calls of a server in. */
export interface Gates {
  readonly admission: Admission;
  /** For calls whose messages are compressed. Undefined: they are refused. */
  readonly compressed: Admission | undefined;
  readonly maxConcurrentRpcsPerPeer: number;
  readonly maxMetadataBytes: number;
}

export interface GateOwner {
  onAdmitted(): void;
  onRefused(refusal: CallRefusal): void;
}

type State = "new" | "awaits decompression" | "awaits a handler" | "in" | "out";

/**
 * Decides by its headers whether a call may run, and holds its place until its handler has settled,
 * whatever becomes of its stream. A caller that resets its streams would start any number otherwise.
 */
export class CallGate implements Entrant {
  readonly deadline: number;
  readonly #route: Route;
  readonly #open: OpenStream;
  readonly #gates: Gates;
  readonly #owner: GateOwner;
  #state: State = "new";
  #holdsCompressed = false;
  #isRunning = false;

  constructor(route: Route, open: OpenStream, gates: Gates, deadline: number, owner: GateOwner) {
    this.#route = route;
    this.#open = open;
    this.#gates = gates;
    this.deadline = deadline;
    this.#owner = owner;
  }

  get typicalMs(): number {
    return this.#route.latency?.ms ?? 0;
  }

  enter(): void {
    const { headers, headerBytes } = this.#open;
    if (headerBytes > this.#gates.maxMetadataBytes) {
      this.#out("metadata_too_large");
      return;
    }
    const encoding = headers["grpc-encoding"];
    if (encoding === undefined || encoding === "identity") {
      this.#awaitHandler();
      return;
    }
    // grpc-js inflates all messages of a read at once, whatever the handler reads.
    const { compressed } = this.#gates;
    if (compressed === undefined || (encoding !== "gzip" && encoding !== "deflate")) {
      this.#out("unsupported_encoding");
      return;
    }
    this.#state = "awaits decompression";
    compressed.enter(this);
  }

  admit(): void {
    if (this.#state === "awaits decompression") {
      this.#holdsCompressed = true;
      this.#awaitHandler();
      return;
    }
    this.#state = "in";
    this.#open.connection.peer.running += 1;
    this.#owner.onAdmitted();
  }

  refuse(reason: AdmissionRefusal): void {
    if (reason !== "full") {
      this.#out(reason);
    } else {
      const isCompressed = this.#state === "awaits decompression";
      this.#out(isCompressed ? "too_many_compressed_rpcs" : "too_many_rpcs");
    }
  }

  handlerStarted(): void {
    this.#isRunning = true;
  }

  handlerSettled(): void {
    this.#isRunning = false;
    this.#leave();
  }

  /** The call has ended on the wire. Its handler, if it runs, holds its place. */
  callEnded(): void {
    if (this.#state === "in" && !this.#isRunning) {
      this.#leave();
    } else if (this.#state !== "in" && this.#state !== "out") {
      this.#withdraw();
      this.#leave();
    }
  }

  #awaitHandler(): void {
    if (this.#route.isExempt) {
      this.#state = "in";
      this.#owner.onAdmitted();
      return;
    }
    if (this.#open.connection.peer.running >= this.#gates.maxConcurrentRpcsPerPeer) {
      this.#out("too_many_rpcs_of_peer");
      return;
    }
    this.#state = "awaits a handler";
    this.#gates.admission.enter(this);
  }

  #withdraw(): void {
    if (this.#state === "awaits decompression") {
      this.#gates.compressed?.withdraw(this);
    } else if (this.#state === "awaits a handler") {
      this.#gates.admission.withdraw(this);
    }
  }

  #out(refusal: CallRefusal): void {
    this.#leave();
    this.#owner.onRefused(refusal);
  }

  #leave(): void {
    const wasIn = this.#state === "in";
    this.#state = "out";
    if (this.#holdsCompressed) {
      this.#holdsCompressed = false;
      this.#gates.compressed?.leave();
    }
    if (wasIn && !this.#route.isExempt) {
      this.#open.connection.peer.running -= 1;
      this.#gates.admission.leave();
    }
  }
}
