"""The demo application: the carts service, its small store carts-db, and the files that onboard them.

Programs: `python -m sockshop.carts` and `python -m sockshop.carts_db`. They are what a user's own containers would be:
lockgate and pocketkube know nothing of them, and nothing of lockgate or pocketkube may come in here.
"""
