const never = () => {
  throw new Error('libsignal is a stub here: npm does not have the real one');
};
module.exports = {
  generateKeyPair: never,
  calculateAgreement: never,
  calculateSignature: never,
  verifySignature: never,
  getPublicFromPrivateKey: never,
};
