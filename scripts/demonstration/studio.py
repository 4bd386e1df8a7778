"""The world around Airloom: stations, a podcast, drops, and servers that take files and mails."""

import email.utils
import os
import secrets
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from base64 import b64encode

from processes import Failure, free_port, hand_over, listens, tool

TITLES = [
    "The Tide Tables - Low Water",
    "Anna Lind - Signal Hill",
    "The Tide Tables - Long Wave",
    "News on the minute",
    "Otto Brenner - Medium Wave Nights",
]
EPISODES = [("The mast", 330), ("The loom", 440), ("The tape", 550)]


class Studio:
    def __init__(self, processes, home, package, address="127.0.0.1"):
        """`address` is where stations and web server listen."""
        self.address = address
        self.processes = processes
        self.package = package
        self.folder = processes.folder
        self.ffmpeg = [tool("ffmpeg", "ffmpeg"), "-nostdin", "-loglevel", "error", "-y"]
        self.drops = self.make("drops")
        self.drop_name = "Evening News.ts"
        self.www = self.make("www")
        self.mail = f"{self.folder}/mail"
        self.remote = self.make("remote")
        self.buckets = self.make("buckets")
        self.make("buckets/archive")
        self.s3_secret = secrets.token_urlsafe(24)
        self.source_password = secrets.token_urlsafe(12)

    def make(self, name):
        path = f"{self.folder}/{name}"
        os.makedirs(path, exist_ok=True)
        return path

    def start_servers(self):
        """Everything but the SSH server, which needs Airloom's key."""
        self.start_mail_server()
        self.start_bucket_server()
        self.start_web_server()
        self.start_icecast()
        self.start_hls_station()
        self.make_podcast()

    # Stations

    def start_icecast(self):
        self.icecast = free_port()
        path = f"{self.folder}/icecast.xml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(icecast_configuration(self.address, self.icecast, self.source_password))
        os.chmod(path, 0o644)
        command = [tool("icecast2", "icecast2"), "-c", path]
        self.processes.start("icecast", command, unprivileged=True, kept=True)
        # Icecast 2.4.4 may die when its first client comes before its threads have begun.
        time.sleep(1)
        deadline = time.monotonic() + 30
        while not listens(self.icecast):
            if time.monotonic() > deadline:
                raise Failure(f"icecast2 does not start: {self.processes.tail('icecast')}")
            self.processes.check()
            time.sleep(0.2)
        self.start_source("radio", "0.3*sin(2*PI*t*(330+110*mod(floor(t/4),4)))", "mp3")
        self.start_source("night", "0.3*sin(2*PI*t*(165+55*mod(floor(t/8),3)))", "adts")
        threading.Thread(target=self.change_titles, daemon=True).start()

    def start_source(self, mount, sound, form):
        encoder = {
            "mp3": ["-c:a", "libmp3lame", "-content_type", "audio/mpeg"],
            "adts": ["-c:a", "aac", "-content_type", "audio/aac"],
        }[form]
        self.processes.start(
            f"source-{mount}",
            self.ffmpeg
            + ["-re", "-f", "lavfi", "-i", f"aevalsrc='{sound}':s=44100", "-ac", "2"]
            + encoder
            + ["-b:a", "128k", "-ice_name", f"Demo {mount}", "-f", form]
            + [f"icecast://source:{self.source_password}@127.0.0.1:{self.icecast}/{mount}"],
            kept=True,
        )

    def change_titles(self):
        """A new title every 15 s, as a station's play-out tells its server."""
        login = b64encode(f"source:{self.source_password}".encode()).decode()
        number = 0
        while True:
            query = urllib.parse.urlencode(
                {"mount": "/radio", "mode": "updinfo", "song": TITLES[number % len(TITLES)]}
            )
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.icecast}/admin/metadata?{query}",
                headers={"Authorization": f"Basic {login}"},
            )
            try:
                urllib.request.urlopen(request, timeout=5).close()
                number += 1
                time.sleep(15)
            except OSError:
                # Not on the air yet, or just killed by whoever watches.
                time.sleep(1)

    def start_hls_station(self):
        """A test picture with a running counter and a tone, as a live HLS stream."""
        folder = self.make("www/tv")
        self.processes.start(
            "source-tv",
            self.ffmpeg
            + ["-re", "-f", "lavfi", "-i", "testsrc=size=480x270:rate=25"]
            + ["-re", "-f", "lavfi", "-i", "sine=frequency=500:beep_factor=2:sample_rate=48000"]
            + ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "50"]
            + ["-pix_fmt", "yuv420p", "-threads", "1", "-c:a", "aac", "-b:a", "96k"]
            + ["-f", "hls", "-hls_time", "2", "-hls_list_size", "8", "-hls_delete_threshold", "8"]
            + ["-hls_flags", "delete_segments+program_date_time+temp_file+append_list"]
            + ["-hls_segment_filename", f"{folder}/tv-%08d.ts", f"{folder}/tv.m3u8"],
            kept=True,
        )

    # A podcast

    def start_web_server(self):
        self.web = free_port()
        path = f"{self.folder}/nginx.conf"
        with open(path, "w", encoding="utf-8") as file:
            file.write(nginx_configuration(self.web, self.www, self.folder))
        command = [tool("nginx", "nginx-light"), "-c", path, "-p", self.folder, "-e", "stderr"]
        self.processes.start_server("nginx", command, self.web)

    def make_podcast(self):
        folder = self.make("www/podcast")
        items = []
        for number, (title, frequency) in enumerate(EPISODES, 1):
            path = f"{folder}/{number}.mp3"
            subprocess.run(
                self.ffmpeg
                + ["-f", "lavfi", "-i", f"sine=frequency={frequency}:duration=20"]
                + ["-metadata", f"title={title}", "-b:a", "96k", path],
                check=True,
            )
            published = email.utils.formatdate(time.time() - (4 - number) * 86_400)
            items.append(
                f"<item><title>{title}</title><guid isPermaLink='false'>demo-{number}</guid>"
                f"<pubDate>{published}</pubDate><itunes:duration>20</itunes:duration>"
                f"<enclosure url='http://127.0.0.1:{self.web}/podcast/{number}.mp3'"
                f" length='{os.path.getsize(path)}' type='audio/mpeg'/></item>"
            )
        with open(f"{folder}/feed.xml", "w", encoding="utf-8") as file:
            file.write(
                "<?xml version='1.0' encoding='UTF-8'?>\n<rss version='2.0'"
                " xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel>"
                "<title>Between stations</title><link>http://127.0.0.1/</link>"
                "<description>Three short talks about radio.</description>"
                + "".join(items)
                + "</channel></rss>\n"
            )

    # Drops

    def start_drops(self):
        """One that a tuner would write for 20 s, and one that is no programme at all."""
        self.processes.start(
            "drop",
            self.ffmpeg
            + ["-re", "-f", "lavfi", "-i", "testsrc2=size=720x576:rate=25:duration=20"]
            + ["-re", "-f", "lavfi", "-i", "sine=frequency=700:duration=20:sample_rate=48000"]
            + ["-c:v", "mpeg2video", "-b:v", "2M", "-threads", "1", "-c:a", "mp2", "-ac", "2"]
            + ["-metadata", "title=Evening News", "-flush_packets", "1"]
            + ["-f", "mpegts", f"{self.drops}/{self.drop_name}"],
        )
        with open(f"{self.drops}/Damaged.ts", "wb") as file:
            file.write(b"This is no transport stream.\n" * 4000)

    # Takers

    def start_ssh_server(self, public_key):
        """Lets Airloom's key in; returns the fingerprint that it will show."""
        self.ssh = free_port()
        key = f"{self.folder}/host_key"
        keygen = tool("ssh-keygen", "openssh-client")
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        keys = f"{self.folder}/authorized_keys"
        with open(keys, "w", encoding="utf-8") as file:
            file.write(public_key + "\n")
        hand_over(key)
        hand_over(self.remote)
        path = f"{self.folder}/sshd_config"
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"ListenAddress 127.0.0.1\nPort {self.ssh}\nHostKey {key}\nPidFile none\n"
                f"AuthorizedKeysFile {keys}\nPasswordAuthentication no\n"
                "KbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\n"
                f"Subsystem sftp internal-sftp -d {self.remote}\n"
            )
        command = [tool("sshd", "openssh-server"), "-D", "-e", "-f", path]
        self.processes.start_server("sshd", command, self.ssh, unprivileged=True)
        shown = subprocess.run(
            [keygen, "-l", "-E", "sha256", "-f", f"{key}.pub"],
            check=True,
            capture_output=True,
            text=True,
        )
        return shown.stdout.split()[1]

    def start_bucket_server(self):
        self.s3 = free_port()
        self.processes.start_server(
            "s3",
            [self.peer("rclone"), "serve", "s3", "--config", "", "--auth-key"]
            + [f"DEMO,{self.s3_secret}", "--addr", f"127.0.0.1:{self.s3}"]
            + ["--cache-dir", f"{self.folder}/rclone", self.buckets],
            self.s3,
            environment={"HOME": self.folder},
        )

    def start_mail_server(self):
        self.smtp = free_port()
        script = f"{self.package}/scripts/mail-server.py"
        command = [self.peer("python3"), script, str(self.smtp), self.mail]
        self.processes.start_server("mail", command, self.smtp)

    def peer(self, name):
        path = f"{self.package}/.build/peers/bin/{name}"
        if not os.access(path, os.X_OK):
            raise Failure(f"{path} is missing: run scripts/setup --tests")
        return path


def icecast_configuration(address, port, password):
    return f"""<icecast>
  <hostname>127.0.0.1</hostname>
  <limits><clients>100</clients><sources>10</sources><burst-size>65536</burst-size></limits>
  <authentication>
    <source-password>{password}</source-password>
    <relay-password>{password}</relay-password>
    <admin-user>admin</admin-user>
    <admin-password>{password}</admin-password>
  </authentication>
  <listen-socket><port>{port}</port><bind-address>{address}</bind-address></listen-socket>
  <paths>
    <logdir>/tmp</logdir>
    <webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot>
  </paths>
  <logging><accesslog>-</accesslog><errorlog>-</errorlog><loglevel>2</loglevel></logging>
  <security><chroot>0</chroot></security>
</icecast>
"""


def nginx_configuration(port, root, folder):
    parts = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    temporary = "\n".join(f"  {part}_temp_path {folder}/nginx-{part};" for part in parts)
    return f"""daemon off;
master_process off;
pid {folder}/nginx-own.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  types {{
    application/vnd.apple.mpegurl m3u8; video/mp2t ts; audio/mpeg mp3; application/rss+xml xml;
  }}
{temporary}
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""
