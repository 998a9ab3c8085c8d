import { livenessService, type ServingStatus, type WatchedStatus } from "./serving-status.ts";

/** The statuses of services, and who watches them. */
export interface HealthRegistry {
  readonly watcherCount: number;
  /** The names of all services. */
  services(): string[];
  /** SERVICE_UNKNOWN if there is no such service. */
  get(service: string): WatchedStatus;
  /** SERVICE_UNKNOWN removes the service. */
  set(service: string, status: WatchedStatus): void;
  /** The status now and after each change; a slow reader gets the latest alone. */
  watch(service: string, signal: AbortSignal): AsyncGenerator<WatchedStatus, void>;
  /** Shows NOT_SERVING, whatever is set, and ends each watch once it has told so. */
  drain(): void;
  resume(): void;
}

export type OnServiceChange = (service: string, from: WatchedStatus, to: WatchedStatus) => void;

interface Watcher {
  readonly service: string;
  /** Whether the watch ends once the present status is told. */
  isLast: boolean;
  wake(): void;
}

export function createHealthRegistry(
  initial: Iterable<readonly [service: string, status: ServingStatus]>,
  onChange: OnServiceChange,
): HealthRegistry {
  const statuses = new Map(initial);
  const watchers = new Set<Watcher>();
  let isDraining = false;

  function get(service: string): WatchedStatus {
    const status = statuses.get(service) ?? "SERVICE_UNKNOWN";
    const isHidden = isDraining && service !== livenessService && status !== "SERVICE_UNKNOWN";
    return isHidden ? "NOT_SERVING" : status;
  }

  function change(services: readonly string[], apply: () => void): void {
    const before = services.map((service) => [service, get(service)] as const);
    apply();
    const changed = new Map(before.filter(([service, from]) => from !== get(service)));
    for (const watcher of watchers) {
      if (watcher.isLast || changed.has(watcher.service)) {
        watcher.wake();
      }
    }
    for (const [service, from] of changed) {
      onChange(service, from, get(service));
    }
  }

  async function* watch(service: string, signal: AbortSignal): AsyncGenerator<WatchedStatus, void> {
    const watcher: Watcher = { service, isLast: isDraining, wake: () => {} };
    // Whoever reads may be gone without a word, so the count must not wait for the generator.
    const leave = (): void => {
      watchers.delete(watcher);
      watcher.wake();
    };
    watchers.add(watcher);
    signal.addEventListener("abort", leave, { once: true });
    try {
      let told: WatchedStatus | undefined;
      while (!signal.aborted) {
        const status = get(service);
        if (status !== told) {
          told = status;
          yield status;
        } else if (watcher.isLast) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            watcher.wake = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener("abort", leave);
      watchers.delete(watcher);
    }
  }

  return {
    get watcherCount() {
      return watchers.size;
    },
    services: () => [...statuses.keys()],
    get,
    set: (service, status) =>
      change([service], () => {
        if (status === "SERVICE_UNKNOWN") {
          statuses.delete(service);
        } else {
          statuses.set(service, status);
        }
      }),
    watch,
    drain: () =>
      change([...statuses.keys()], () => {
        isDraining = true;
        for (const watcher of watchers) {
          watcher.isLast = true;
        }
      }),
    resume: () =>
      change([...statuses.keys()], () => {
        isDraining = false;
      }),
  };
}
