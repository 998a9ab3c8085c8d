import type { Attributes } from "@opentelemetry/api";
import type { Method } from "../../method.ts";
import { serverAttributes } from "../../tracing/call-span.ts";

/** What the spans of one method have in common. */
export class MethodSpan {
  /** "examples.ItemService/GetItem" */
  readonly name: string;
  readonly isTraced: boolean;
  // Callers choose the authority, so only the latest is kept: nearly all calls have the same.
  #authority: string | undefined;
  #attributes: Attributes;

  constructor({ path }: Pick<Method, "path">, isTraced: boolean) {
    this.name = path.slice(1);
    this.isTraced = isTraced;
    this.#attributes = this.#attributesAt(undefined);
  }

  /** Known when the span starts, so that samplers see them. */
  attributes(authority: string | undefined): Attributes {
    if (authority !== this.#authority) {
      this.#authority = authority;
      this.#attributes = this.#attributesAt(authority);
    }
    return this.#attributes;
  }

  #attributesAt(authority: string | undefined): Attributes {
    return {
      "rpc.system.name": "grpc",
      "rpc.method": this.name,
      ...serverAttributes(authority),
    };
  }
}
