#!/usr/bin/python3
"""An RTSP server on the loopback interface for tests: one show, in real time, for all who come.

  rtsp-server.py PORT SHOW [--tracks picture sound] [--login USER PASSWORD] [--tls CERT KEY]

SHOW is an MP4 file of H.264 and AAC, or of what --tracks says, with its index at the front (-movflags +faststart). It is at
/show; it begins with the first guest, and whoever comes later finds it where it is.

Needs Debian's Python with python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-good. Runs
until it is killed.
"""

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402

TRACKS = {
    "picture": "d.video_0 ! queue ! rtph264pay pt=96 config-interval=1",
    "sound": "d.audio_0 ! queue ! rtpmp4gpay pt=97",
}
ROLE = "listener"


def show(options):
    # Read in one piece by a source that cannot be wound back, as a broadcast cannot: with any other, a
    # second guest would have it begin anew for the first one too.
    source = f'multifilesrc location="{options.show}" num-buffers=1 ! qtdemux name=d'
    tracks = [f"{TRACKS[name]} name=pay{n}" for n, name in enumerate(options.tracks)]
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {source} {' '.join(tracks)} )")
    factory.set_shared(True)
    if options.login or options.tls:
        permissions = GstRtspServer.RTSPPermissions()
        for name in ("media.factory.access", "media.factory.construct"):
            permissions.add_permission_for_role(ROLE, name, True)
        factory.set_permissions(permissions)
    return factory


def guard(options):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, ROLE)
    if options.login:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*options.login), token)
    else:
        auth.set_default_token(token)
    if options.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options.tls))
    return auth


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("show")
    parser.add_argument("--tracks", nargs="+", choices=TRACKS, default=list(TRACKS))
    parser.add_argument("--login", nargs=2, metavar=("USER", "PASSWORD"))
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    options = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.login or options.tls:
        server.set_auth(guard(options))
    server.get_mount_points().add_factory("/show", show(options))
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
