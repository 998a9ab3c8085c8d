export { addReflection, type ReflectionOptions } from "./add-reflection.ts";
