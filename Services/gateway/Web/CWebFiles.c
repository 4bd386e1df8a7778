// Embeds the files of pages/. The compiler notes them as what this file depends on, so a changed page
// is built in anew; a new page is added to the list below.
#include "include/CWebFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char actions_js[] = {
#embed "pages/actions.js"
};
static const unsigned char alerts_js[] = {
#embed "pages/alerts.js"
};
static const unsigned char api_js[] = {
#embed "pages/api.js"
};
static const unsigned char app_js[] = {
#embed "pages/app.js"
};
static const unsigned char artwork_js[] = {
#embed "pages/artwork.js"
};
static const unsigned char asrun_js[] = {
#embed "pages/asrun.js"
};
static const unsigned char captions_js[] = {
#embed "pages/captions.js"
};
static const unsigned char conflicts_js[] = {
#embed "pages/conflicts.js"
};
static const unsigned char conversions_js[] = {
#embed "pages/conversions.js"
};
static const unsigned char cron_js[] = {
#embed "pages/cron.js"
};
static const unsigned char deliveries_js[] = {
#embed "pages/deliveries.js"
};
static const unsigned char destinations_js[] = {
#embed "pages/destinations.js"
};
static const unsigned char dom_js[] = {
#embed "pages/dom.js"
};
static const unsigned char episodes_js[] = {
#embed "pages/episodes.js"
};
static const unsigned char feed_js[] = {
#embed "pages/feed.js"
};
static const unsigned char finishing_js[] = {
#embed "pages/finishing.js"
};
static const unsigned char format_js[] = {
#embed "pages/format.js"
};
static const unsigned char forms_js[] = {
#embed "pages/forms.js"
};
static const unsigned char glance_js[] = {
#embed "pages/glance.js"
};
static const unsigned char health_js[] = {
#embed "pages/health.js"
};
static const unsigned char hls_js[] = {
#embed "pages/hls.js"
};
static const unsigned char holidays_js[] = {
#embed "pages/holidays.js"
};
static const unsigned char icon_svg[] = {
#embed "pages/icon.svg"
};
static const unsigned char index_html[] = {
#embed "pages/index.html"
};
static const unsigned char keep_js[] = {
#embed "pages/keep.js"
};
static const unsigned char lanes_js[] = {
#embed "pages/lanes.js"
};
static const unsigned char lines_js[] = {
#embed "pages/lines.js"
};
static const unsigned char listing_js[] = {
#embed "pages/listing.js"
};
static const unsigned char login_html[] = {
#embed "pages/login.html"
};
static const unsigned char login_js[] = {
#embed "pages/login.js"
};
static const unsigned char morph_js[] = {
#embed "pages/morph.js"
};
static const unsigned char occurrences_js[] = {
#embed "pages/occurrences.js"
};
static const unsigned char onair_css[] = {
#embed "pages/onair.css"
};
static const unsigned char overview_js[] = {
#embed "pages/overview.js"
};
static const unsigned char pages_css[] = {
#embed "pages/pages.css"
};
static const unsigned char player_js[] = {
#embed "pages/player.js"
};
static const unsigned char playerlog_js[] = {
#embed "pages/playerlog.js"
};
static const unsigned char podcasts_js[] = {
#embed "pages/podcasts.js"
};
static const unsigned char preview_js[] = {
#embed "pages/preview.js"
};
static const unsigned char recording_js[] = {
#embed "pages/recording.js"
};
static const unsigned char recordings_js[] = {
#embed "pages/recordings.js"
};
static const unsigned char rules_js[] = {
#embed "pages/rules.js"
};
static const unsigned char scheduleform_js[] = {
#embed "pages/scheduleform.js"
};
static const unsigned char schedules_js[] = {
#embed "pages/schedules.js"
};
static const unsigned char selection_js[] = {
#embed "pages/selection.js"
};
static const unsigned char states_js[] = {
#embed "pages/states.js"
};
static const unsigned char store_js[] = {
#embed "pages/store.js"
};
static const unsigned char streamform_js[] = {
#embed "pages/streamform.js"
};
static const unsigned char streams_js[] = {
#embed "pages/streams.js"
};
static const unsigned char streamtest_js[] = {
#embed "pages/streamtest.js"
};
static const unsigned char strip_js[] = {
#embed "pages/strip.js"
};
static const unsigned char style_css[] = {
#embed "pages/style.css"
};
static const unsigned char system_js[] = {
#embed "pages/system.js"
};
static const unsigned char tape_js[] = {
#embed "pages/tape.js"
};
static const unsigned char tapelists_js[] = {
#embed "pages/tapelists.js"
};
static const unsigned char tapelog_js[] = {
#embed "pages/tapelog.js"
};
static const unsigned char tapepaint_js[] = {
#embed "pages/tapepaint.js"
};
static const unsigned char timeline_js[] = {
#embed "pages/timeline.js"
};
static const unsigned char week_js[] = {
#embed "pages/week.js"
};
static const unsigned char weekgrid_js[] = {
#embed "pages/weekgrid.js"
};
static const unsigned char weekitems_js[] = {
#embed "pages/weekitems.js"
};
static const unsigned char zones_js[] = {
#embed "pages/zones.js"
};

static const struct airloom_web_file files[] = {
    {"actions.js", actions_js, sizeof actions_js},
    {"alerts.js", alerts_js, sizeof alerts_js},
    {"api.js", api_js, sizeof api_js},
    {"app.js", app_js, sizeof app_js},
    {"artwork.js", artwork_js, sizeof artwork_js},
    {"asrun.js", asrun_js, sizeof asrun_js},
    {"captions.js", captions_js, sizeof captions_js},
    {"conflicts.js", conflicts_js, sizeof conflicts_js},
    {"conversions.js", conversions_js, sizeof conversions_js},
    {"cron.js", cron_js, sizeof cron_js},
    {"deliveries.js", deliveries_js, sizeof deliveries_js},
    {"destinations.js", destinations_js, sizeof destinations_js},
    {"dom.js", dom_js, sizeof dom_js},
    {"episodes.js", episodes_js, sizeof episodes_js},
    {"feed.js", feed_js, sizeof feed_js},
    {"finishing.js", finishing_js, sizeof finishing_js},
    {"format.js", format_js, sizeof format_js},
    {"forms.js", forms_js, sizeof forms_js},
    {"glance.js", glance_js, sizeof glance_js},
    {"health.js", health_js, sizeof health_js},
    {"hls.js", hls_js, sizeof hls_js},
    {"holidays.js", holidays_js, sizeof holidays_js},
    {"icon.svg", icon_svg, sizeof icon_svg},
    {"index.html", index_html, sizeof index_html},
    {"keep.js", keep_js, sizeof keep_js},
    {"lanes.js", lanes_js, sizeof lanes_js},
    {"lines.js", lines_js, sizeof lines_js},
    {"listing.js", listing_js, sizeof listing_js},
    {"login.html", login_html, sizeof login_html},
    {"login.js", login_js, sizeof login_js},
    {"morph.js", morph_js, sizeof morph_js},
    {"occurrences.js", occurrences_js, sizeof occurrences_js},
    {"onair.css", onair_css, sizeof onair_css},
    {"overview.js", overview_js, sizeof overview_js},
    {"pages.css", pages_css, sizeof pages_css},
    {"player.js", player_js, sizeof player_js},
    {"playerlog.js", playerlog_js, sizeof playerlog_js},
    {"podcasts.js", podcasts_js, sizeof podcasts_js},
    {"preview.js", preview_js, sizeof preview_js},
    {"recording.js", recording_js, sizeof recording_js},
    {"recordings.js", recordings_js, sizeof recordings_js},
    {"rules.js", rules_js, sizeof rules_js},
    {"scheduleform.js", scheduleform_js, sizeof scheduleform_js},
    {"schedules.js", schedules_js, sizeof schedules_js},
    {"selection.js", selection_js, sizeof selection_js},
    {"states.js", states_js, sizeof states_js},
    {"store.js", store_js, sizeof store_js},
    {"streamform.js", streamform_js, sizeof streamform_js},
    {"streams.js", streams_js, sizeof streams_js},
    {"streamtest.js", streamtest_js, sizeof streamtest_js},
    {"strip.js", strip_js, sizeof strip_js},
    {"style.css", style_css, sizeof style_css},
    {"system.js", system_js, sizeof system_js},
    {"tape.js", tape_js, sizeof tape_js},
    {"tapelists.js", tapelists_js, sizeof tapelists_js},
    {"tapelog.js", tapelog_js, sizeof tapelog_js},
    {"tapepaint.js", tapepaint_js, sizeof tapepaint_js},
    {"timeline.js", timeline_js, sizeof timeline_js},
    {"week.js", week_js, sizeof week_js},
    {"weekgrid.js", weekgrid_js, sizeof weekgrid_js},
    {"weekitems.js", weekitems_js, sizeof weekitems_js},
    {"zones.js", zones_js, sizeof zones_js},
};

const struct airloom_web_file *airloom_web_file(size_t index) {
  return index < sizeof files / sizeof *files ? &files[index] : NULL;
}
