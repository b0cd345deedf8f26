/** Whether a caller is written in .NET, with the gRPC library of today or the one before it. */
export const isDotnet = (userAgent: string): boolean => /(^| )grpc-(dotnet|csharp)\//.test(userAgent);
