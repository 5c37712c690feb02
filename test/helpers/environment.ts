// Before every test file: a preset trust store would make a client trust, or fail, for the wrong reason, and NODE_OPTIONS
// would change the program under test. Child processes that inherit the environment inherit this.

export const trustVariables = [
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "AWS_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
  "NODE_OPTIONS",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "PIP_CERT",
] as const;

for (const name of trustVariables) delete process.env[name];
