"""Makes or renews Superset's own tables, its roles and the administrator, in one process.

Each call of the `superset` program costs ten seconds before it does anything; this is one call.
May run at every start. ADMIN_USERNAME (default admin) and ADMIN_PASSWORD or ADMIN_PASSWORD_FILE
name the administrator; one that exists keeps its password.
"""
import os
import pathlib
import sys


def admin_password():
    file = os.environ.get("ADMIN_PASSWORD_FILE")
    if file:
        return pathlib.Path(file).read_text(encoding="utf-8").strip()
    if not os.environ.get("ADMIN_PASSWORD"):
        sys.exit("prepare: ADMIN_PASSWORD is not set: there is no default password")
    return os.environ["ADMIN_PASSWORD"]


def main():
    username, password = os.environ.get("ADMIN_USERNAME", "admin"), admin_password()
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        import superset
        from superset import appbuilder, security_manager
        from superset.extensions import db

        upgrade(directory=os.path.join(os.path.dirname(superset.__file__), "migrations"))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        if not security_manager.find_user(username):
            security_manager.add_user(username, "sluice", "admin", f"{username}@localhost",
                                      security_manager.find_role("Admin"), password)
        db.session.commit()
    print(f"prepare: Superset's tables are ready, the administrator is {username}")


if __name__ == "__main__":
    main()
