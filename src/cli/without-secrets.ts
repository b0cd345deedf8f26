/** A storage URL as it may be shown: no store of this version takes a password, but one may be typed. */
export function withoutSecrets(storage: string): string {
  return storage.replace(/\/\/[^/@]*@/, "//***@");
}
