/** Who did what in the samples. */
export const PEOPLE = ["Ada", "Grace", "Katherine", "Margaret", "Vera", "Caroline"];

interface SampleTask {
  title: string;
  status: "todo" | "doing" | "done";
  priority: "low" | "normal" | "high";
  notes?: string;
  /** The comments, the oldest first. */
  discussion?: string[];
}

interface SampleProject {
  key: string;
  name: string;
  hue: number;
  tasks: SampleTask[];
}

export const PROJECTS: SampleProject[] = [
  {
    key: "observatory00000",
    name: "Observatory",
    hue: 245,
    tasks: [
      {
        title: "Align the main mirror after the storm",
        status: "doing",
        priority: "high",
        notes: "The third actuator reads 2 µm off. Warm up for an hour before measuring.",
        discussion: ["Measured again: it is the sensor, not the mirror.", "A spare is in store."],
      },
      { title: "Invite the school for the lunar eclipse", status: "todo", priority: "normal" },
      {
        title: "Find out why the dome hums at 4 a.m.",
        status: "todo",
        priority: "high",
        discussion: ["It stops when the fridge is off."],
      },
      { title: "Translate the visitors' guide", status: "todo", priority: "low" },
      { title: "Publish the star counts of October", status: "doing", priority: "normal" },
      { title: "Paint the handrail of the stairs", status: "todo", priority: "low" },
      {
        title: "Replace the red lamps in the control room",
        status: "done",
        priority: "normal",
        discussion: ["Much better for the eyes. Thank you!"],
      },
      { title: "Back up the plates of 1931", status: "done", priority: "high" },
      { title: "Order coffee", status: "done", priority: "normal" },
    ],
  },
  {
    key: "garden0000000000",
    name: "Roof garden",
    hue: 150,
    tasks: [
      { title: "Sow the winter salad", status: "todo", priority: "normal" },
      { title: "Repair the rain barrel", status: "doing", priority: "high" },
      { title: "Ask the neighbours about bees", status: "todo", priority: "low" },
      { title: "Harvest the last tomatoes", status: "done", priority: "normal" },
    ],
  },
  {
    key: "concert000000000",
    name: "Spring concert",
    hue: 20,
    tasks: [
      { title: "Book the hall for two evenings", status: "done", priority: "high" },
      { title: "Print the posters", status: "todo", priority: "normal" },
      { title: "Tune the harpsichord", status: "todo", priority: "high" },
    ],
  },
];

const THINGS = ["exposure", "logbook", "star chart", "calibration", "visit", "filter", "plate"];

/** The title of a row of sample activity. */
export function sampleTitle(index: number): string {
  return `Entry ${index + 1}: ${THINGS[index % THINGS.length]!}`;
}
