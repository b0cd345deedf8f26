/** Whether a caller speaks the older protocol of the Go SDK. Programs may put a name of their own before the library's. */
export const isGo = (userAgent: string): boolean => /(^| )grpc-go\//.test(userAgent);
