// Judges certificates as Java does: PKIX with the root in a trust store, the host by endpoint identification. Lines in: id,
// root, chain, key, host, parted by tabs. Lines out: id, host, "ok" or why not.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

public class Judge {
  public static void main(String[] args) throws Exception {
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = lines.readLine()) != null; ) {
      var fields = line.split("\t");
      var verdict = "ok";
      try {
        judge(fields[1], fields[2], fields[3], fields[4]);
      } catch (Exception error) {
        verdict = String.valueOf(error.getMessage()).replace('\n', ' ');
      }
      System.out.println(fields[0] + "\t" + fields[4] + "\t" + verdict);
    }
  }

  static void judge(String root, String chain, String key, String host) throws Exception {
    var trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("root", certificate(root));
    var trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    var clientContext = SSLContext.getInstance("TLS");
    clientContext.init(null, trust.getTrustManagers(), null);

    var identity = KeyStore.getInstance("PKCS12");
    identity.load(null, null);
    var leaf = certificate(chain);
    identity.setKeyEntry("leaf", privateKey(key, leaf), new char[0], new Certificate[] {leaf});
    var keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(identity, new char[0]);
    var serverContext = SSLContext.getInstance("TLS");
    serverContext.init(keys.getKeyManagers(), null, null);

    var client = clientContext.createSSLEngine(host, 443);
    client.setUseClientMode(true);
    var parameters = new SSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    client.setSSLParameters(parameters);
    var server = serverContext.createSSLEngine();
    server.setUseClientMode(false);
    handshake(client, server);
  }

  static void handshake(SSLEngine client, SSLEngine server) throws Exception {
    var toServer = ByteBuffer.allocate(1 << 16);
    var toClient = ByteBuffer.allocate(1 << 16);
    client.beginHandshake();
    server.beginHandshake();
    for (int round = 0; round < 100 && unfinished(client, server); round++) {
      step(client, toClient, toServer);
      step(server, toServer, toClient);
    }
    if (unfinished(client, server)) throw new Exception("the handshake never ends");
  }

  static boolean unfinished(SSLEngine client, SSLEngine server) {
    return client.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING
        || server.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
  }

  static void step(SSLEngine engine, ByteBuffer in, ByteBuffer out) throws Exception {
    var nothing = ByteBuffer.allocate(0);
    switch (engine.getHandshakeStatus()) {
      case NEED_TASK:
        for (Runnable task; (task = engine.getDelegatedTask()) != null; ) task.run();
        break;
      case NEED_WRAP:
        engine.wrap(nothing, out);
        break;
      default:
        in.flip();
        engine.unwrap(in, ByteBuffer.allocate(1 << 16));
        in.compact();
    }
  }

  static Certificate certificate(String path) throws Exception {
    try (var in = Files.newInputStream(Path.of(path))) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  static PrivateKey privateKey(String path, Certificate leaf) throws Exception {
    var base64 = Files.readString(Path.of(path)).replaceAll("-----[A-Z ]+-----|\\s", "");
    var spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64));
    return KeyFactory.getInstance(leaf.getPublicKey().getAlgorithm()).generatePrivate(spec);
  }
}
