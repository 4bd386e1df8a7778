internal import Storage

/// The scheduler's tables, beside those of the bus in the same database.
enum SchedulerSchema {
  static let schema: (name: String, migrations: [Migration]) = (
    "scheduler",
    [
      Migration("streams, schedules, recordings and recorders", first),
      Migration("alerts that were raised", second),
      Migration("holiday calendars", third),
      Migration("priorities, second recorders, and what of tapes must stay", fourth),
    ]
  )

  private static let first = """
    CREATE TABLE streams (
      id TEXT PRIMARY KEY,
      definition TEXT NOT NULL,        -- StreamDefinition as JSON
      updated_at_us INTEGER NOT NULL   -- wall time of the last change
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE schedules (
      id TEXT PRIMARY KEY,
      stream TEXT NOT NULL REFERENCES streams (id),
      definition TEXT NOT NULL,        -- ScheduleDefinition as JSON
      planned_through_us INTEGER NOT NULL,  -- cursor: occurrences that start later are not planned yet
      updated_at_us INTEGER NOT NULL   -- wall time of the last change by a person
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX schedules_by_stream ON schedules (stream);

    CREATE TABLE recordings (
      id TEXT PRIMARY KEY,             -- the job's id: hash of schedule, start and slot
      schedule TEXT NOT NULL,          -- may have been removed since
      stream TEXT NOT NULL,
      title TEXT NOT NULL,             -- the schedule's name when it was planned
      start_us INTEGER NOT NULL,       -- the show itself
      end_us INTEGER NOT NULL,
      padded_start_us INTEGER NOT NULL,  -- what is cut from the tape
      padded_end_us INTEGER NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('planned', 'assigned', 'recording', 'finishing',
        'committed', 'missed', 'cancelled')),
      reason TEXT,                     -- one sentence where the state needs one
      holder TEXT,                     -- the recorder that has it
      token INTEGER NOT NULL,          -- fencing token: grows with each assignment
      canonical_token INTEGER,         -- the token under which the one file was accepted
      refused_by TEXT,                 -- the recorder that last said that it cannot record it
      is_called_off INTEGER NOT NULL,  -- 1: cancelled by a person, so never planned again
      file TEXT,                       -- FinishedFile as JSON, once committed
      destinations TEXT NOT NULL,      -- JSON array of ids
      file_name TEXT NOT NULL,         -- without its ending
      format TEXT NOT NULL,            -- RecordingFormat
      tags TEXT NOT NULL,              -- RecordingTags as JSON, title filled in
      date TEXT NOT NULL,              -- YYYY-MM-DD of the start in the schedule's zone
      created_at_us INTEGER NOT NULL,  -- when it was planned
      updated_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX recordings_by_schedule ON recordings (schedule, start_us);
    CREATE INDEX recordings_by_start ON recordings (start_us);
    CREATE UNIQUE INDEX recordings_by_file_name ON recordings (file_name);
    CREATE INDEX recordings_unfinished ON recordings (state, padded_end_us)
      WHERE state IN ('planned', 'assigned', 'recording', 'finishing');
    CREATE INDEX recordings_by_holder ON recordings (holder, padded_start_us)
      WHERE state IN ('assigned', 'recording', 'finishing');

    CREATE TABLE recorders (
      node TEXT PRIMARY KEY,
      first_heard_at_us INTEGER NOT NULL,
      heard_at_us INTEGER NOT NULL,    -- of its last coming or going, not of each heartbeat
      desired_version INTEGER NOT NULL,  -- of the set that it was last sent; 0: none yet
      desired_digest TEXT NOT NULL     -- of that set's content
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE captures (
      stream TEXT NOT NULL,
      node TEXT NOT NULL,
      status TEXT NOT NULL,            -- the last CaptureStatus as JSON
      PRIMARY KEY (stream, node)
    ) STRICT, WITHOUT ROWID;
    """

  private static let fourth = """
    ALTER TABLE recordings ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE recordings ADD COLUMN conflict TEXT;     -- one sentence: what stands in its way
    ALTER TABLE recordings ADD COLUMN spare TEXT;        -- a second recorder with the same window
    ALTER TABLE recordings ADD COLUMN give_up_at_us INTEGER;  -- planned and over: until then a tape is looked for
    ALTER TABLE recordings ADD COLUMN offered_at_us INTEGER;  -- since when a file is kept that lacks something
    ALTER TABLE recordings ADD COLUMN details TEXT NOT NULL DEFAULT '{"catchesUp":true,"tried":[]}';
                                                         -- ScheduledRecording.Details as JSON
    CREATE INDEX recordings_by_spare ON recordings (spare, padded_start_us)
      WHERE state IN ('assigned', 'recording', 'finishing') AND spare IS NOT NULL;
    CREATE INDEX recordings_offered ON recordings (offered_at_us) WHERE offered_at_us IS NOT NULL;

    ALTER TABLE captures ADD COLUMN is_doubtful INTEGER NOT NULL DEFAULT 0;
                                                         -- 1: its recorder is not heard from

    CREATE TABLE tape_locks (
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,
      end_us INTEGER NOT NULL,
      reason TEXT NOT NULL,            -- who wants it, for people
      PRIMARY KEY (stream, start_us, end_us)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE delivery_locks (
      delivery TEXT PRIMARY KEY,       -- not known to have ended well
      recording TEXT NOT NULL,
      node TEXT NOT NULL,              -- the recorder that made the file
      stream TEXT NOT NULL,
      start_us INTEGER NOT NULL,       -- the recording's window
      end_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static let third = """
    CREATE TABLE holidays (
      id TEXT PRIMARY KEY,
      definition TEXT NOT NULL,        -- Holidays as JSON
      updated_at_us INTEGER NOT NULL   -- wall time of the last change
    ) STRICT, WITHOUT ROWID;
    """

  private static let second = """
    CREATE TABLE raised_alerts (
      id TEXT PRIMARY KEY,             -- AlertID, of a stream or a recorder
      raised_at_us INTEGER NOT NULL    -- when the trouble began
    ) STRICT, WITHOUT ROWID;
    """
}
