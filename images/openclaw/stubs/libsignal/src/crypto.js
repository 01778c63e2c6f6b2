const never = () => {
  throw new Error('libsignal is a stub here: npm does not have the real one');
};
module.exports = {
  encrypt: never,
  decrypt: never,
  calculateMAC: never,
  hash: never,
  deriveSecrets: never,
  verifyMAC: never,
};
