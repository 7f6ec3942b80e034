#include "cli/lake_verbs.h"

namespace sluice::cli {

void AddTables(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  CLI::App* const tables = app.add_subcommand("tables", "The lake's tables");
  tables->require_subcommand(1)->fallthrough();
  CLI::App* const list = tables->add_subcommand("ls", "List them");
  list->fallthrough()->callback([&] { chosen = [&common] { return TablesList(common); }; });
  std::shared_ptr<TableArgs> show;
  CLI::App* verb =
      AddVerb(*tables, "show", "Columns, partitions, files", chosen, common, TablesShow, show);
  verb->add_option("table", show->table, "Such as raw.books")->required();
  std::shared_ptr<TableArgs> snapshots;
  verb = AddVerb(*tables, "snapshots", "Its snapshots, newest first", chosen, common,
                 TablesSnapshots, snapshots);
  verb->add_option("table", snapshots->table, "Such as raw.books")->required();
  std::shared_ptr<SqlArgs> sql;
  verb = AddVerb(*tables, "sql", "Run a SELECT over the lake's tables", chosen, common, TablesSql,
                 sql);
  verb->add_option("sql", sql->sql, "Such as 'SELECT count(*) FROM raw.books'")->required();
}

void AddMaintain(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  std::shared_ptr<MaintainArgs> maintain;
  CLI::App* const verb =
      AddVerb(app, "maintain", "Compact the lake's small files, expire snapshots, sweep orphans",
              chosen, common, Maintain, maintain);
  verb->add_option("table", maintain->tables, "Such as raw.books; several; default: all");
  verb->add_flag("--dry-run", maintain->dry_run, "Change nothing, say what would be done");
  verb->add_option("--keep-snapshots", maintain->keep_snapshots,
                   "The newest so many stay; default: maintenance.snapshots.keep")
      ->check(CLI::Range(1, 100'000));
  verb->add_option("--snapshot-age", maintain->snapshot_age, "Younger ones stay, too");
  verb->add_option("--orphans-after", maintain->orphans_after,
                   "Files that nothing refers to go after this; 1h at least");
  verb->add_option("--receipts-after", maintain->receipts_after,
                   "Rows of sluice.commit go after this; 1d at least");
  verb->add_option("--wait", maintain->wait_s, "Seconds to wait while another process does it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

void AddRebuild(CLI::App& app, Chosen& chosen, const CommonArgs& common) {
  std::shared_ptr<RebuildArgs> rebuild;
  CLI::App* const verb =
      AddVerb(app, "rebuild", "Make a silver table again from bronze, and swap it in", chosen,
              common, Rebuild, rebuild);
  verb->add_option("table", rebuild->table, "Such as processed.books")->required();
  CLI::Option* const yes =
      verb->add_flag("--yes", rebuild->yes, "Do it; without, only say what would be done");
  verb->add_flag("--dry-run", rebuild->dry_run, "Make all rows and keep none")->excludes(yes);
  verb->add_flag("--accept-storm", rebuild->accept_storm,
                 "Swap however many records the SQL refuses now");
}

}  // namespace sluice::cli
