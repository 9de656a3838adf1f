// Whether this Node.js is new enough for Vite; as a program, so that old ones can run it.
const [major, minor] = process.versions.node.split('.').map(Number);
process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1);
