import { lintSource } from "@secretlint/core";
import { creator as recommended } from "@secretlint/secretlint-rule-preset-recommend";

// What examples and tests have in place of a password.
const allows = ["/:(<password>|s3cr[e3]t|pass|secret|hunter2)@/i"];

export interface Secret {
  /** As in "src/login.ts:12". */
  readonly place: string;
  readonly message: string;
}

/** Keys and tokens of well-known kinds in a file: https://github.com/secretlint/secretlint */
export async function findSecrets(filePath: string, content: string): Promise<Secret[]> {
  const { messages } = await lintSource({
    source: {
      filePath,
      content,
      contentType: "text",
      ext: filePath.slice(filePath.lastIndexOf(".")),
    },
    options: {
      // What it finds goes into a log.
      maskSecrets: true,
      config: {
        rules: [
          {
            id: "@secretlint/secretlint-rule-preset-recommend",
            rule: recommended,
            rules: ["database-connection-string", "basicauth"].map((name) => ({
              id: `@secretlint/secretlint-rule-${name}`,
              options: { allows },
            })),
          },
        ],
      },
    },
  });
  return messages.map(({ message, loc }) => ({ place: `${filePath}:${loc.start.line}`, message }));
}
