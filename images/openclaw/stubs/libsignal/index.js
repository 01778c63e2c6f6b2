const never = () => {
  throw new Error('libsignal is a stub here: npm does not have the real one');
};
class Never {
  constructor() {
    never();
  }
}
module.exports = {
  ProtocolAddress: Never,
  SessionBuilder: Never,
  SessionCipher: Never,
  SessionRecord: Never,
  FingerprintGenerator: Never,
  keyhelper: {
    generateIdentityKeyPair: never,
    generateRegistrationId: never,
    generateSignedPreKey: never,
    generatePreKey: never,
  },
  curve: require('./src/curve.js'),
  crypto: require('./src/crypto.js'),
};
