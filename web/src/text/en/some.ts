/** `1 client`, `3 clients`. */
export const some = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
