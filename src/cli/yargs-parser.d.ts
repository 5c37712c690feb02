/** yargs's own parser without its Node platform: it sees neither process nor files. Same shape as the package root. */
declare module "yargs-parser/browser" {
  import parser from "yargs-parser";
  export default parser;
}
