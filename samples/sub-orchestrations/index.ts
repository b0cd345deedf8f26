import { app } from "perdure";

interface Device {
  readonly id: string;
  readonly room: string;
}

interface Site {
  readonly name: string;
  readonly devices: readonly Device[];
}

const createAccount = app.activity("createAccount", async (device: Device) => `account-${device.id}`);

const installSoftware = app.activity("installSoftware", async (device: Device) => {
  if (device.id === "") throw new Error(`A device in ${device.room} has no id.`);
  return "2.1.0";
});

// A whole orchestration of its own: it has a history, a status, and an id that tells where it belongs.
const provisionDevice = app.orchestration("provisionDevice", async (ctx, device: Device) => {
  const version = await ctx.callActivity(installSoftware, device);
  const account = await ctx.callActivity(createAccount, device);
  return { device: device.id, version, account };
});

app.orchestration("provisionSite", async (ctx, site: Site) => {
  const children = site.devices.map((device) =>
    ctx.callSubOrchestrator(provisionDevice, device, { instanceId: `${ctx.instanceId}:${device.id}` }),
  );
  return { site: site.name, ready: await ctx.all(children) };
});
