public import Storage

/// The tables that the bus keeps in the database of every service.
public enum BusSchema {
  /// To be opened with every service's database, before the service's own schema.
  public static let schema: (name: String, migrations: [Migration]) = (
    "bus", [Migration("the log, its consumers, and this node's place in other logs", first)]
  )

  private static let first = """
    CREATE TABLE bus_identity (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      incarnation TEXT NOT NULL       -- made new when the database is made or restored
    ) STRICT;

    CREATE TABLE bus_log (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice, pruned or not
      channel TEXT NOT NULL,          -- a node's name, or '*' for all who follow
      id TEXT NOT NULL,               -- the message's id, 128 random bits
      type TEXT NOT NULL,             -- such as 'recording.finished'
      correlation TEXT,               -- id of the message that this one answers
      created_at_us INTEGER NOT NULL, -- wall time of the append
      body BLOB NOT NULL              -- the message as JSON
    ) STRICT;
    CREATE INDEX bus_log_by_channel ON bus_log (channel, sequence);

    CREATE TABLE bus_channels (
      channel TEXT PRIMARY KEY,
      head INTEGER NOT NULL,          -- the channel's last number
      pruned INTEGER NOT NULL DEFAULT 0  -- entries up to here are deleted
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bus_consumers (
      node TEXT NOT NULL,
      channel TEXT NOT NULL,
      acknowledged INTEGER NOT NULL,  -- applied over there, durably, up to here
      heard_at_us INTEGER NOT NULL,   -- when that was last said
      PRIMARY KEY (node, channel)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bus_positions (
      producer TEXT NOT NULL,
      channel TEXT NOT NULL,
      incarnation TEXT NOT NULL,      -- of the producer's database
      cursor INTEGER NOT NULL,        -- applied here up to this number
      is_retired INTEGER NOT NULL,    -- 1: the producer's database has since been replaced
      PRIMARY KEY (producer, channel, incarnation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bus_attempts (
      producer TEXT NOT NULL,         -- of the message being applied when this process may die
      channel TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      attempts INTEGER NOT NULL,      -- begun and not survived
      PRIMARY KEY (producer, channel)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bus_set_aside (
      id TEXT PRIMARY KEY,            -- the message's id
      producer TEXT NOT NULL,
      type TEXT NOT NULL,
      body BLOB NOT NULL,
      reason TEXT NOT NULL,           -- why it could not be applied
      set_aside_at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
