import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where Debian has the programs of its servers, such as nginx; only root has these in its PATH. */
const moreFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The path of a program that is installed; undefined if there is none of that name. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...moreFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether a program is there. If it is not, says what is skipped, and how to get it. */
export function hasProgram(name: string, debianPackage: string): boolean {
  const isThere = findProgram(name) !== undefined;
  if (!isThere) {
    process.stderr.write(
      `tests with ${name} are skipped, since it is not installed: apt-get install ${debianPackage}\n`,
    );
  }
  return isThere;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
