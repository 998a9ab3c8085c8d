import { faultsOfLife } from "./alive.ts";
import type { Harness } from "./harness.ts";
import type { Service, ServiceOptions } from "./service.ts";
import { startService } from "./start-service.ts";
import { createTokenSource, type TokenSource } from "./token-source.ts";
import { startVictim, type VictimProcess } from "./victim.ts";

export interface HarnessOptions {
  readonly isQuick: boolean;
  progress(text: string): void;
}

/** The harness of one row, and what must be done after it. */
export interface RowHarness extends Harness {
  /** Cleans up, and says what is wrong with the services that the row had. */
  end(): Promise<readonly string[]>;
}

/** What all rows of a run share. */
export interface HarnessSource {
  forRow(): RowHarness;
  /** Ends the services that rows share: the next one gets new ones, where no attacker has spent a budget. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export function createHarnessSource({ isQuick, progress }: HarnessOptions): HarnessSource {
  let tokens: TokenSource | undefined;
  const shared = new Map<string, Service>();
  const victims = new Map<Service, VictimProcess>();

  function start(options: ServiceOptions): Promise<Service> {
    tokens ??= createTokenSource();
    return startService(tokens, options);
  }

  async function share(options: ServiceOptions): Promise<Service> {
    const key = JSON.stringify([Object.entries(options.env ?? {}).sort(), options.tls]);
    const known = shared.get(key);
    if (known?.isRunning && !known.isDismissed) {
      return known;
    }
    const service = await start(options);
    shared.set(key, service);
    return service;
  }

  async function dismiss(service: Service): Promise<void> {
    await victims.get(service)?.close();
    victims.delete(service);
    service.kill("SIGKILL");
    await service.stop();
  }

  async function renew(): Promise<void> {
    await Promise.all([...shared.values()].map(dismiss));
    shared.clear();
  }

  function forRow(): RowHarness {
    const used = new Set<Service>();
    const faults: string[] = [];
    const cleanups: (() => void | Promise<void>)[] = [];
    const onEnd: Harness["onEnd"] = (cleanup) => void cleanups.push(cleanup);

    // In its turn: what the row did to it is undone before, and what it needs is there still.
    async function letGo(service: Service, isOwn: boolean): Promise<void> {
      const found = service.isDismissed ? [] : await faultsOfLife(service, isQuick);
      faults.push(...found);
      // The next row is not to suffer for it.
      if (isOwn || found.length > 0) {
        await dismiss(service);
      }
    }

    return {
      isQuick,
      progress,
      onEnd,
      async service(options = {}) {
        const isOwn = options.own === true;
        const service = await (isOwn ? start(options) : share(options));
        if (!used.has(service)) {
          used.add(service);
          onEnd(() => letGo(service, isOwn));
        }
        return service;
      },
      async victim(service) {
        const process = victims.get(service) ?? (await startVictim(service));
        victims.set(service, process);
        const victim = await process.wake(!isQuick);
        onEnd(async () => {
          // A row that has thrown has left it running; one that has ended is gone already.
          await victim.stop().catch(() => {});
        });
        return victim;
      },
      async end() {
        for (const cleanup of cleanups.reverse()) {
          try {
            await cleanup();
          } catch (error) {
            faults.push(`a cleanup has failed: ${error instanceof Error ? error.stack : error}`);
          }
        }
        return faults;
      },
    };
  }

  return {
    forRow,
    renew,
    async close() {
      await renew();
      await Promise.all([...victims.keys()].map(dismiss));
      tokens?.close();
    },
  };
}
