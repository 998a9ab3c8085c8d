import { type ChannelOptions, experimental, Metadata, status } from "@grpc/grpc-js";

const { createResolver, registerResolver, statusOrFromError, statusOrFromValue } = experimental;

const scheme = "grpc-kit-list";

/** The target of these addresses, which may be names. For lists of IP addresses, grpc-js has its own. */
export function listUri(addresses: readonly string[]): string {
  registerResolver(scheme, ListResolver);
  return `${scheme}:${addresses.join(",")}`;
}

type Endpoints = Parameters<experimental.ResolverListener>[0];

/** Resolves each address of a list as grpc-js does one. */
class ListResolver implements experimental.Resolver {
  readonly #resolvers: readonly experimental.Resolver[];
  readonly #results: (Endpoints | undefined)[];
  readonly #listener: experimental.ResolverListener;

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    this.#listener = listener;
    const paths = target.path.split(",");
    this.#results = paths.map(() => undefined);
    this.#resolvers = paths.map((path, index) =>
      createResolver({ scheme: "dns", path }, (result) => this.#onResult(index, result), options),
    );
  }

  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path.split(",")[0] ?? path;
  }

  updateResolution(): void {
    for (const resolver of this.#resolvers) {
      resolver.updateResolution();
    }
  }

  destroy(): void {
    this.#results.fill(undefined);
    for (const resolver of this.#resolvers) {
      resolver.destroy();
    }
  }

  #onResult(index: number, result: Endpoints): boolean {
    const before = this.#results[index];
    // Addresses that were found stay in use while their name cannot be looked up.
    this.#results[index] = result.ok || before?.ok !== true ? result : before;
    if (!result.ok) {
      // It begins again after a while.
      this.#resolvers[index]?.updateResolution();
    }
    const results = this.#results.filter((one) => one !== undefined);
    if (results.length < this.#results.length) {
      return true;
    }
    const endpoints = results.flatMap((one) => (one.ok ? one.value : []));
    return this.#listener(
      endpoints.length > 0 ? statusOrFromValue(endpoints) : (failure(results) ?? result),
      {},
      null,
      "",
    );
  }
}

function failure(results: readonly Endpoints[]): Endpoints {
  const details = results.flatMap((one) => (one.ok ? [] : one.error.details)).join("; ");
  return statusOrFromError({ code: status.UNAVAILABLE, details, metadata: new Metadata() });
}
